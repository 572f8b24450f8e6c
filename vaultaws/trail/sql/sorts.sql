SELECT
  *
FROM (
  SELECT
    'user_agent' AS "kind",
    "t0"."user_agent" AS "value"
  FROM "calls" AS "t0"
) AS "t1"
UNION
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      'source_ip' AS "kind",
      "t0"."source_ip" AS "value"
    FROM "calls" AS "t0"
  ) AS "t2"
  UNION
  SELECT
    *
  FROM (
    SELECT
      'region' AS "kind",
      "t0"."region" AS "value"
    FROM "calls" AS "t0"
  ) AS "t3"
) AS "t4"
