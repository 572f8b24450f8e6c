SELECT
  "t12"."event_id",
  "t12"."service",
  "t12"."name",
  "t12"."region",
  "t12"."account",
  "t12"."access_key_id",
  "t12"."identity_type",
  "t12"."principal_arn",
  "t12"."principal_id",
  "t12"."user_name",
  "t12"."issued_key",
  "t12"."error_code",
  "t12"."source_ip",
  "t12"."user_agent",
  "t12"."target",
  "t12"."part",
  "t12"."policy_document",
  "t12"."time",
  "t12"."issued_until",
  "t12"."tells"
FROM (
  SELECT
    "t10".*
    EXCLUDE ("place")
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t8"."event_id",
        "t8"."service",
        "t8"."name",
        "t8"."region",
        "t8"."account",
        "t8"."access_key_id",
        "t8"."identity_type",
        "t8"."principal_arn",
        "t8"."principal_id",
        "t8"."user_name",
        "t8"."issued_key",
        "t8"."error_code",
        "t8"."source_ip",
        "t8"."user_agent",
        "t8"."target",
        "t8"."part",
        "t8"."policy_document",
        "t8"."time",
        "t8"."issued_until",
        "t8"."tells",
        ROW_NUMBER() OVER (
          PARTITION BY "t8"."issued_key"
          ORDER BY "t8"."time" ASC, "t8"."event_id" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) - 1 AS "place"
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
          "t4"."tells"
        FROM (
          SELECT
            *
          FROM "events" AS "t1"
          WHERE
            "t1"."tells"
            AND "t1"."access_key_id" <> ''
            AND "t1"."issued_key" <> ''
            AND "t1"."error_code" = ''
        ) AS "t4"
        SEMI JOIN (
          SELECT DISTINCT
            *
          FROM (
            SELECT
              "t4"."issued_key" AS "key"
            FROM (
              SELECT
                *
              FROM "events" AS "t1"
              WHERE
                "t1"."tells"
                AND "t1"."access_key_id" <> ''
                AND "t1"."issued_key" <> ''
                AND "t1"."error_code" = ''
            ) AS "t4"
            SEMI JOIN "parents" AS "t2"
              ON "t4"."access_key_id" = "t2"."key_id"
          ) AS "t5"
        ) AS "t7"
          ON "t4"."issued_key" = "t7"."key"
      ) AS "t8"
    ) AS "t9"
    WHERE
      "t9"."place" = 0
  ) AS "t10"
) AS "t12"
SEMI JOIN "parents" AS "t2"
  ON "t12"."access_key_id" = "t2"."key_id"
