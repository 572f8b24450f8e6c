SELECT DISTINCT
  *
FROM (
  SELECT
    "t2"."access_key_id",
    "t2"."principal_id"
  FROM "events" AS "t2"
  SEMI JOIN "parents" AS "t3"
    ON "t2"."access_key_id" = "t3"."key_id"
) AS "t4"
