SELECT DISTINCT
  "t8"."target",
  "t8"."part"
FROM (
  SELECT
    *
  FROM (
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
  ) AS "t2"
  WHERE
    CONTAINS("t2"."policy_document", 'Deny')
    OR SUFFIX("t2"."part", ':iam::aws:policy/AWSDenyAll')
    OR (
      "t2"."name" = 'UpdateAccessKey'
    )
    OR (
      (
        "t2"."name" = 'DeleteAccessKey'
      )
      AND NOT (
        "t2"."access_key_id" IN (
          SELECT
            "t1"."value"
          FROM "roots" AS "t1"
          WHERE
            "t1"."kind" = 'key'
        )
        OR (
          (
            (
              "t2"."user_name" IN (
                SELECT
                  "t1"."value"
                FROM "roots" AS "t1"
                WHERE
                  "t1"."kind" = 'user'
              )
              AND (
                "t2"."identity_type" = 'IAMUser'
              )
            )
            OR (
              "t2"."user_name" IN (
                SELECT
                  "t1"."value"
                FROM "roots" AS "t1"
                WHERE
                  "t1"."kind" = 'role'
              )
              AND (
                "t2"."identity_type" = 'AssumedRole'
              )
            )
          )
          AND COALESCE(
            CASE
              WHEN "t2"."principal_arn" = ''
              THEN (
                "t2"."account" = ''
              )
              OR (
                "t2"."account" = (
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
                "t2"."principal_arn",
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
) AS "t8"
