SELECT
  "t0"."access_key_id",
  COUNT(*) AS "calls",
  SUM(
    CAST(CONTAINS("t0"."error_code", 'AccessDenied')
    OR CONTAINS("t0"."error_code", 'Unauthorized') AS BIGINT)
  ) AS "denied",
  MIN("t0"."time") AS "first",
  MAX("t0"."time") AS "last",
  FIRST("t0"."service" ORDER BY "t0"."time" DESC) AS "last_service"
FROM "calls" AS "t0"
GROUP BY
  1
