SELECT DISTINCT
  "t3"."user_name"
FROM (
  SELECT
    *
  FROM "events" AS "t0"
  WHERE
    "t0"."access_key_id" IN (
      SELECT
        "t1"."value"
      FROM "roots" AS "t1"
      WHERE
        "t1"."kind" = 'key'
    )
    AND "t0"."identity_type" = 'IAMUser'
) AS "t3"
WHERE
  "t3"."user_name" <> ''
