SELECT DISTINCT
  "t8"."issued_key" AS "key_id"
FROM (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM "events" AS "t0"
    WHERE
      "t0"."tells" AND "t0"."issued_key" <> '' AND "t0"."error_code" = ''
  ) AS "t2"
  WHERE
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
) AS "t8"
