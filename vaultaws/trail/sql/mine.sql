SELECT
  *
FROM "events" AS "t0"
WHERE
  "t0"."tells"
  AND "t0"."error_code" = ''
  AND (
    "t0"."access_key_id" IN (
      SELECT
        "t1"."value"
      FROM "roots" AS "t1"
      WHERE
        "t1"."kind" = 'key'
    )
    OR (
      (
        (
          "t0"."user_name" IN (
            SELECT
              "t1"."value"
            FROM "roots" AS "t1"
            WHERE
              "t1"."kind" = 'user'
          )
          AND (
            "t0"."identity_type" = 'IAMUser'
          )
        )
        OR (
          "t0"."user_name" IN (
            SELECT
              "t1"."value"
            FROM "roots" AS "t1"
            WHERE
              "t1"."kind" = 'role'
          )
          AND (
            "t0"."identity_type" = 'AssumedRole'
          )
        )
      )
      AND COALESCE(
        CASE
          WHEN "t0"."principal_arn" = ''
          THEN (
            "t0"."account" = ''
          )
          OR (
            "t0"."account" = (
              SELECT
                MAX("t5"."value") AS "Max(value)"
              FROM (
                SELECT
                  *
                FROM "roots" AS "t1"
                WHERE
                  "t1"."kind" = 'account'
              ) AS "t5"
            )
          )
          ELSE CONTAINS(
            "t0"."principal_arn",
            ':' || (
              SELECT
                MAX("t5"."value") AS "Max(value)"
              FROM (
                SELECT
                  *
                FROM "roots" AS "t1"
                WHERE
                  "t1"."kind" = 'account'
              ) AS "t5"
            ) || ':'
          )
        END,
        TRUE
      )
    )
  )
