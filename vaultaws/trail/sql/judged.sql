WITH "t29" AS (
  SELECT DISTINCT
    *
  FROM (
    SELECT
      "t25"."access_key_id"
    FROM (
      SELECT
        *
      FROM "events" AS "t5"
      WHERE
        "t5"."error_code" = '' AND "t5"."access_key_id" <> ''
    ) AS "t25"
    SEMI JOIN "own" AS "t8"
      ON "t25"."access_key_id" = "t8"."issued_key"
  ) AS "t27"
)
SELECT
  "t41"."event_id",
  "t41"."service",
  "t41"."name",
  "t41"."region",
  "t41"."account",
  "t41"."access_key_id",
  "t41"."identity_type",
  "t41"."principal_arn",
  "t41"."principal_id",
  "t41"."user_name",
  "t41"."issued_key",
  "t41"."error_code",
  "t41"."source_ip",
  "t41"."user_agent",
  "t41"."target",
  "t41"."part",
  "t41"."policy_document",
  "t41"."time",
  "t41"."issued_until",
  "t41"."tells",
  "t41"."lease_id",
  "t41"."issuance_time",
  "t41"."why",
  "t41"."standing"
FROM (
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
    "t40"."at_rotation",
    "t40"."at_failure",
    "t40"."at_wrapped",
    "t40"."in_gap",
    "t40"."undone_event",
    "t40"."why",
    CASE
      WHEN "t40"."lease_id" IS NOT NULL
      THEN 'explained'
      WHEN (
        "t40"."name" = 'CreateAccessKey'
      )
      AND "t40"."issued_key" IN (
        SELECT
          "t1"."value"
        FROM "roots" AS "t1"
        WHERE
          "t1"."kind" = 'rotated'
      )
      THEN 'rotation'
      WHEN "t40"."at_rotation"
      AND (
        "t40"."name" = 'CreateAccessKey'
      )
      AND (
        (
          "t40"."target" = ''
        )
        OR "t40"."target" IN (
          SELECT
            "t1"."value"
          FROM "roots" AS "t1"
          WHERE
            "t1"."kind" = 'user'
        )
      )
      THEN 'rotation'
      WHEN (
        "t40"."name" = 'CreateAccessKey'
      )
      AND "t40"."target" IN (
        SELECT
          *
        FROM "statics" AS "t2"
      )
      THEN 'static'
      WHEN "t40"."at_failure" AND (
        "t40"."undone_event" IS NOT NULL
      )
      THEN 'rolled_back'
      WHEN "t40"."why" <> ''
      THEN 'uncovered'
      ELSE 'unexplained'
    END AS "standing"
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
      "t39"."at_wrapped",
      "t39"."in_gap",
      "t39"."undone_event",
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
        WHEN "t39"."time" < (
          SELECT
            "t0"."log_begins"
          FROM "bounds" AS "t0"
        )
        THEN 'it is older than the audit log'
        WHEN "t39"."time" > (
          SELECT
            "t0"."log_ends"
          FROM "bounds" AS "t0"
        )
        THEN 'it is younger than the audit log, which ends before'
        WHEN "t39"."in_gap"
        THEN 'the audit log has lines there that cannot be read'
        WHEN "t39"."time" < (
          SELECT
            "t0"."salted"
          FROM "bounds" AS "t0"
        )
        THEN 'the audit device was made anew since, and old digests cannot be compared'
        WHEN "t39"."at_wrapped"
        THEN 'Vault wrapped an answer then that nobody has taken out, and logs no key for it'
        WHEN "t39"."at_failure"
        AND (
          "t39"."name" = 'CreateAccessKey'
        )
        AND NOT (
          "t39"."issued_key" IN (
            SELECT
              *
            FROM "t29"
          )
        )
        AND (
          "t39"."time" >= (
            SELECT
              "t0"."rollback"
            FROM "bounds" AS "t0"
          )
        )
        THEN 'an issuance failed then, and Vault may still take its user away'
        WHEN "t39"."at_failure"
        AND (
          "t39"."name" = 'CreateAccessKey'
        )
        AND NOT (
          "t39"."issued_key" IN (
            SELECT
              *
            FROM "t29"
          )
        )
        AND (
          "t39"."time" <= (
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
        "t38"."at_wrapped",
        "t38"."in_gap",
        "t36"."undone_event"
      FROM (
        SELECT
          "t34"."event_id",
          "t34"."service",
          "t34"."name",
          "t34"."region",
          "t34"."account",
          "t34"."access_key_id",
          "t34"."identity_type",
          "t34"."principal_arn",
          "t34"."principal_id",
          "t34"."user_name",
          "t34"."issued_key",
          "t34"."error_code",
          "t34"."source_ip",
          "t34"."user_agent",
          "t34"."target",
          "t34"."part",
          "t34"."policy_document",
          "t34"."time",
          "t34"."issued_until",
          "t34"."tells",
          "t34"."lease_id",
          "t34"."issuance_time",
          COALESCE("t34"."at_rotation", FALSE) AS "at_rotation",
          COALESCE("t34"."at_failure", FALSE) AS "at_failure",
          COALESCE("t34"."at_wrapped", FALSE) AS "at_wrapped",
          COALESCE("t34"."in_gap", FALSE) AS "in_gap"
        FROM (
          SELECT
            "t33".*
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
              "t30"."span_event",
              "t30"."at_rotation",
              "t30"."at_failure",
              "t30"."at_wrapped",
              "t30"."in_gap"
            FROM "own" AS "t7"
            LEFT OUTER JOIN (
              SELECT
                "t26"."event_id" AS "span_event",
                BOOL_OR(CAST("t26"."kind" = 'rotation' AS BOOLEAN)) AS "at_rotation",
                BOOL_OR(CAST("t26"."kind" = 'failed' AS BOOLEAN)) AS "at_failure",
                BOOL_OR(CAST("t26"."kind" = 'wrapped' AS BOOLEAN)) AS "at_wrapped",
                BOOL_OR(CAST("t26"."kind" = 'audit gap' AS BOOLEAN)) AS "in_gap"
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
              ) AS "t26"
              GROUP BY
                1
            ) AS "t30"
              ON "t7"."event_id" = "t30"."span_event"
          ) AS "t33"
        ) AS "t34"
      ) AS "t38"
      LEFT OUTER JOIN (
        SELECT
          "t23"."event_id" AS "undone_event"
        FROM (
          SELECT
            *
          FROM "own" AS "t3"
          WHERE
            "t3"."name" = 'CreateAccessKey' AND "t3"."target" <> ''
        ) AS "t23"
        SEMI JOIN (
          SELECT
            *
          FROM "mine" AS "t4"
          WHERE
            "t4"."name" = 'DeleteUser'
        ) AS "t24"
          ON "t23"."target" = "t24"."target" AND "t24"."time" >= "t23"."time"
        ANTI JOIN "t29" AS "t32"
          ON "t23"."issued_key" = "t32"."access_key_id"
      ) AS "t36"
        ON "t38"."event_id" = "t36"."undone_event"
    ) AS "t39"
  ) AS "t40"
) AS "t41"
