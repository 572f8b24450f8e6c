WITH "t2" AS (
  SELECT
    *
  FROM "parents" AS "t1"
)
SELECT
  "t6".*
  EXCLUDE ("place")
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t4"."event_id",
      "t4"."service",
      "t4"."name",
      "t4"."region",
      "t4"."account",
      "t4"."access_key_id",
      "t4"."identity_type",
      "t4"."principal_arn",
      "t4"."principal_id",
      "t4"."user_name",
      "t4"."issued_key",
      "t4"."error_code",
      "t4"."source_ip",
      "t4"."user_agent",
      "t4"."target",
      "t4"."part",
      "t4"."policy_document",
      "t4"."time",
      "t4"."issued_until",
      "t4"."tells",
      ROW_NUMBER() OVER (
        PARTITION BY "t4"."event_id"
        ORDER BY "t4"."time" ASC, "t4"."event_id" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) - 1 AS "place"
    FROM (
      SELECT
        *
      FROM "events" AS "t0"
      WHERE
        "t0"."access_key_id" IN (
          SELECT
            *
          FROM "t2"
        )
        OR (
          (
            "t0"."issued_key" <> ''
          )
          AND "t0"."issued_key" IN (
            SELECT
              *
            FROM "t2"
          )
        )
    ) AS "t4"
  ) AS "t5"
  WHERE
    "t5"."place" = 0
) AS "t6"
