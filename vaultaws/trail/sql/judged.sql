WITH "t28" AS (
  SELECT DISTINCT
    *
  FROM (
    SELECT
      "t24"."access_key_id"
    FROM (
      SELECT
        *
      FROM "events" AS "t5"
      WHERE
        "t5"."error_code" = '' AND "t5"."access_key_id" <> ''
    ) AS "t24"
    SEMI JOIN "own" AS "t8"
      ON "t24"."access_key_id" = "t8"."issued_key"
  ) AS "t26"
)
SELECT
  "t40"."event_id",
  "t40"."service",
  "t40"."name",
  "t40"."region",
  "t40"."account",
  "t40"."access_key_id",
  "t40"."identity_type",
  "t40"."principal_arn",
  "t40"."principal_id",
  "t40"."user_name",
  "t40"."issued_key",
  "t40"."error_code",
  "t40"."source_ip",
  "t40"."user_agent",
  "t40"."target",
  "t40"."part",
  "t40"."policy_document",
  "t40"."time",
  "t40"."issued_until",
  "t40"."tells",
  "t40"."lease_id",
  "t40"."issuance_time",
  "t40"."why",
  "t40"."standing"
FROM (
  SELECT
    "t39"."event_id",
    "t39"."service",
    "t39"."name",
    "t39"."region",
    "t39"."account",
    "t39"."access_key_id",
    "t39"."identity_type",
    "t39"."principal_arn",
    "t39"."principal_id",
    "t39"."user_name",
    "t39"."issued_key",
    "t39"."error_code",
    "t39"."source_ip",
    "t39"."user_agent",
    "t39"."target",
    "t39"."part",
    "t39"."policy_document",
    "t39"."time",
    "t39"."issued_until",
    "t39"."tells",
    "t39"."lease_id",
    "t39"."issuance_time",
    "t39"."at_rotation",
    "t39"."at_failure",
    "t39"."in_gap",
    "t39"."undone_event",
    "t39"."why",
    CASE
      WHEN "t39"."lease_id" IS NOT NULL
      THEN 'explained'
      WHEN (
        "t39"."name" = 'CreateAccessKey'
      )
      AND "t39"."issued_key" IN (
        SELECT
          "t1"."value"
        FROM "roots" AS "t1"
        WHERE
          "t1"."kind" = 'rotated'
      )
      THEN 'rotation'
      WHEN "t39"."at_rotation"
      AND (
        "t39"."name" = 'CreateAccessKey'
      )
      AND (
        (
          "t39"."target" = ''
        )
        OR "t39"."target" IN (
          SELECT
            "t1"."value"
          FROM "roots" AS "t1"
          WHERE
            "t1"."kind" = 'user'
        )
      )
      THEN 'rotation'
      WHEN (
        "t39"."name" = 'CreateAccessKey'
      )
      AND "t39"."target" IN (
        SELECT
          *
        FROM "statics" AS "t2"
      )
      THEN 'static'
      WHEN "t39"."at_failure" AND (
        "t39"."undone_event" IS NOT NULL
      )
      THEN 'rolled_back'
      WHEN "t39"."why" <> ''
      THEN 'uncovered'
      ELSE 'unexplained'
    END AS "standing"
  FROM (
    SELECT
      "t38"."event_id",
      "t38"."service",
      "t38"."name",
      "t38"."region",
      "t38"."account",
      "t38"."access_key_id",
      "t38"."identity_type",
      "t38"."principal_arn",
      "t38"."principal_id",
      "t38"."user_name",
      "t38"."issued_key",
      "t38"."error_code",
      "t38"."source_ip",
      "t38"."user_agent",
      "t38"."target",
      "t38"."part",
      "t38"."policy_document",
      "t38"."time",
      "t38"."issued_until",
      "t38"."tells",
      "t38"."lease_id",
      "t38"."issuance_time",
      "t38"."at_rotation",
      "t38"."at_failure",
      "t38"."in_gap",
      "t38"."undone_event",
      CASE
        WHEN (
          SELECT
            "t0"."no_log"
          FROM "bounds" AS "t0"
        )
        THEN 'no audit log was given'
        WHEN (
          SELECT
            "t0"."undigested"
          FROM "bounds" AS "t0"
        )
        THEN 'the server did not tell what the audit log writes for a key'
        WHEN "t38"."time" < (
          SELECT
            "t0"."log_begins"
          FROM "bounds" AS "t0"
        )
        THEN 'it is older than the audit log'
        WHEN "t38"."in_gap"
        THEN 'the audit log has lines there that cannot be read'
        WHEN "t38"."time" < (
          SELECT
            "t0"."salted"
          FROM "bounds" AS "t0"
        )
        THEN 'the audit device was made anew since, and old digests cannot be compared'
        WHEN "t38"."at_failure"
        AND (
          "t38"."name" = 'CreateAccessKey'
        )
        AND NOT (
          "t38"."issued_key" IN (
            SELECT
              *
            FROM "t28"
          )
        )
        AND (
          "t38"."time" >= (
            SELECT
              "t0"."rollback"
            FROM "bounds" AS "t0"
          )
        )
        THEN 'an issuance failed then, and Vault may still take its user away'
        WHEN "t38"."at_failure"
        AND (
          "t38"."name" = 'CreateAccessKey'
        )
        AND NOT (
          "t38"."issued_key" IN (
            SELECT
              *
            FROM "t28"
          )
        )
        AND (
          "t38"."time" <= (
            SELECT
              "t0"."trail_gaps"
            FROM "bounds" AS "t0"
          )
        )
        THEN 'an issuance failed then, and Vault may still take its user away'
        ELSE ''
      END AS "why"
    FROM (
      SELECT
        "t37"."event_id",
        "t37"."service",
        "t37"."name",
        "t37"."region",
        "t37"."account",
        "t37"."access_key_id",
        "t37"."identity_type",
        "t37"."principal_arn",
        "t37"."principal_id",
        "t37"."user_name",
        "t37"."issued_key",
        "t37"."error_code",
        "t37"."source_ip",
        "t37"."user_agent",
        "t37"."target",
        "t37"."part",
        "t37"."policy_document",
        "t37"."time",
        "t37"."issued_until",
        "t37"."tells",
        "t37"."lease_id",
        "t37"."issuance_time",
        "t37"."at_rotation",
        "t37"."at_failure",
        "t37"."in_gap",
        "t35"."undone_event"
      FROM (
        SELECT
          "t33"."event_id",
          "t33"."service",
          "t33"."name",
          "t33"."region",
          "t33"."account",
          "t33"."access_key_id",
          "t33"."identity_type",
          "t33"."principal_arn",
          "t33"."principal_id",
          "t33"."user_name",
          "t33"."issued_key",
          "t33"."error_code",
          "t33"."source_ip",
          "t33"."user_agent",
          "t33"."target",
          "t33"."part",
          "t33"."policy_document",
          "t33"."time",
          "t33"."issued_until",
          "t33"."tells",
          "t33"."lease_id",
          "t33"."issuance_time",
          COALESCE("t33"."at_rotation", FALSE) AS "at_rotation",
          COALESCE("t33"."at_failure", FALSE) AS "at_failure",
          COALESCE("t33"."in_gap", FALSE) AS "in_gap"
        FROM (
          SELECT
            "t32".*
            EXCLUDE ("span_event")
          FROM (
            SELECT
              "t7"."event_id",
              "t7"."service",
              "t7"."name",
              "t7"."region",
              "t7"."account",
              "t7"."access_key_id",
              "t7"."identity_type",
              "t7"."principal_arn",
              "t7"."principal_id",
              "t7"."user_name",
              "t7"."issued_key",
              "t7"."error_code",
              "t7"."source_ip",
              "t7"."user_agent",
              "t7"."target",
              "t7"."part",
              "t7"."policy_document",
              "t7"."time",
              "t7"."issued_until",
              "t7"."tells",
              "t7"."lease_id",
              "t7"."issuance_time",
              "t29"."span_event",
              "t29"."at_rotation",
              "t29"."at_failure",
              "t29"."in_gap"
            FROM "own" AS "t7"
            LEFT OUTER JOIN (
              SELECT
                "t25"."event_id" AS "span_event",
                BOOL_OR(CAST("t25"."kind" = 'rotation' AS BOOLEAN)) AS "at_rotation",
                BOOL_OR(CAST("t25"."kind" = 'failed' AS BOOLEAN)) AS "at_failure",
                BOOL_OR(CAST("t25"."kind" = 'audit gap' AS BOOLEAN)) AS "in_gap"
              FROM (
                SELECT
                  "t7"."event_id",
                  "t7"."service",
                  "t7"."name",
                  "t7"."region",
                  "t7"."account",
                  "t7"."access_key_id",
                  "t7"."identity_type",
                  "t7"."principal_arn",
                  "t7"."principal_id",
                  "t7"."user_name",
                  "t7"."issued_key",
                  "t7"."error_code",
                  "t7"."source_ip",
                  "t7"."user_agent",
                  "t7"."target",
                  "t7"."part",
                  "t7"."policy_document",
                  "t7"."time",
                  "t7"."issued_until",
                  "t7"."tells",
                  "t7"."lease_id",
                  "t7"."issuance_time",
                  "t9"."kind",
                  "t9"."starts",
                  "t9"."ends"
                FROM "own" AS "t7"
                INNER JOIN "spans" AS "t9"
                  ON "t7"."time" >= "t9"."starts" AND "t7"."time" <= "t9"."ends"
              ) AS "t25"
              GROUP BY
                1
            ) AS "t29"
              ON "t7"."event_id" = "t29"."span_event"
          ) AS "t32"
        ) AS "t33"
      ) AS "t37"
      LEFT OUTER JOIN (
        SELECT
          "t22"."event_id" AS "undone_event"
        FROM (
          SELECT
            *
          FROM "own" AS "t3"
          WHERE
            "t3"."name" = 'CreateAccessKey' AND "t3"."target" <> ''
        ) AS "t22"
        SEMI JOIN (
          SELECT
            *
          FROM "mine" AS "t4"
          WHERE
            "t4"."name" = 'DeleteUser'
        ) AS "t23"
          ON "t22"."target" = "t23"."target" AND "t23"."time" >= "t22"."time"
        ANTI JOIN "t28" AS "t31"
          ON "t22"."issued_key" = "t31"."access_key_id"
      ) AS "t35"
        ON "t37"."event_id" = "t35"."undone_event"
    ) AS "t38"
  ) AS "t39"
) AS "t40"
