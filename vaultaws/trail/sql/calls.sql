SELECT DISTINCT
  *
FROM (
  SELECT
    "t2"."event_id",
    "t2"."service",
    "t2"."name",
    "t2"."region",
    "t2"."access_key_id",
    "t2"."error_code",
    "t2"."source_ip",
    "t2"."user_agent",
    "t2"."time",
    "t4"."ends",
    "t4"."cut"
  FROM "events" AS "t2"
  INNER JOIN (
    SELECT
      "t1"."key_id" AS "held_key",
      "t1"."ends",
      "t1"."cut"
    FROM "held" AS "t1"
  ) AS "t4"
    ON "t2"."access_key_id" = "t4"."held_key"
) AS "t5"
