WITH "t2" AS (
  SELECT
    *
  FROM "events" AS "t0"
  WHERE
    "t0"."tells"
    AND "t0"."error_code" = ''
    AND "t0"."service" = 'iam'
    AND "t0"."name" IN (
      'AttachRolePolicy',
      'AttachUserPolicy',
      'DeleteAccessKey',
      'DeleteRolePolicy',
      'DeleteUserPolicy',
      'DetachRolePolicy',
      'DetachUserPolicy',
      'PutRolePolicy',
      'PutUserPolicy',
      'UpdateAccessKey'
    )
)
SELECT
  "t15".*
  EXCLUDE ("place")
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t13"."event_id",
      "t13"."service",
      "t13"."name",
      "t13"."region",
      "t13"."account",
      "t13"."access_key_id",
      "t13"."identity_type",
      "t13"."principal_arn",
      "t13"."principal_id",
      "t13"."user_name",
      "t13"."issued_key",
      "t13"."error_code",
      "t13"."source_ip",
      "t13"."user_agent",
      "t13"."target",
      "t13"."part",
      "t13"."policy_document",
      "t13"."time",
      "t13"."issued_until",
      "t13"."tells",
      ROW_NUMBER() OVER (
        PARTITION BY "t13"."event_id"
        ORDER BY "t13"."time" ASC, "t13"."event_id" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) - 1 AS "place"
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
        "t8"."tells"
      FROM "t2" AS "t8"
      SEMI JOIN (
        SELECT DISTINCT
          "t10"."target",
          "t10"."part"
        FROM (
          SELECT
            *
          FROM "t2" AS "t7"
          WHERE
            CONTAINS("t7"."policy_document", 'Deny')
            OR SUFFIX("t7"."part", ':iam::aws:policy/AWSDenyAll')
            OR (
              "t7"."name" = 'UpdateAccessKey'
            )
            OR (
              (
                "t7"."name" = 'DeleteAccessKey'
              )
              AND NOT (
                "t7"."access_key_id" IN (
                  SELECT
                    "t1"."value"
                  FROM "roots" AS "t1"
                  WHERE
                    "t1"."kind" = 'key'
                )
                OR (
                  (
                    (
                      "t7"."user_name" IN (
                        SELECT
                          "t1"."value"
                        FROM "roots" AS "t1"
                        WHERE
                          "t1"."kind" = 'user'
                      )
                      AND (
                        "t7"."identity_type" = 'IAMUser'
                      )
                    )
                    OR (
                      "t7"."user_name" IN (
                        SELECT
                          "t1"."value"
                        FROM "roots" AS "t1"
                        WHERE
                          "t1"."kind" = 'role'
                      )
                      AND (
                        "t7"."identity_type" = 'AssumedRole'
                      )
                    )
                  )
                  AND COALESCE(
                    CASE
                      WHEN "t7"."principal_arn" = ''
                      THEN (
                        "t7"."account" = ''
                      )
                      OR (
                        "t7"."account" = (
                          SELECT
                            MAX("t6"."value") AS "Max(value)"
                          FROM (
                            SELECT
                              *
                            FROM "roots" AS "t1"
                            WHERE
                              "t1"."kind" = 'account'
                          ) AS "t6"
                        )
                      )
                      ELSE CONTAINS(
                        "t7"."principal_arn",
                        ':' || (
                          SELECT
                            MAX("t6"."value") AS "Max(value)"
                          FROM (
                            SELECT
                              *
                            FROM "roots" AS "t1"
                            WHERE
                              "t1"."kind" = 'account'
                          ) AS "t6"
                        ) || ':'
                      )
                    END,
                    TRUE
                  )
                )
              )
            )
        ) AS "t10"
      ) AS "t12"
        ON "t8"."target" = "t12"."target" AND "t8"."part" = "t12"."part"
    ) AS "t13"
  ) AS "t14"
  WHERE
    "t14"."place" = 0
) AS "t15"
