SELECT
  "t15".*
  EXCLUDE ("key_id")
FROM (
  SELECT
    "t11"."event_id",
    "t11"."service",
    "t11"."name",
    "t11"."region",
    "t11"."account",
    "t11"."access_key_id",
    "t11"."identity_type",
    "t11"."principal_arn",
    "t11"."principal_id",
    "t11"."user_name",
    "t11"."issued_key",
    "t11"."error_code",
    "t11"."source_ip",
    "t11"."user_agent",
    "t11"."target",
    "t11"."part",
    "t11"."policy_document",
    "t11"."time",
    "t11"."issued_until",
    "t11"."tells",
    "t14"."key_id",
    "t14"."lease_id",
    "t14"."issuance_time"
  FROM (
    SELECT
      "t9".*
      EXCLUDE ("place")
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t5"."event_id",
          "t5"."service",
          "t5"."name",
          "t5"."region",
          "t5"."account",
          "t5"."access_key_id",
          "t5"."identity_type",
          "t5"."principal_arn",
          "t5"."principal_id",
          "t5"."user_name",
          "t5"."issued_key",
          "t5"."error_code",
          "t5"."source_ip",
          "t5"."user_agent",
          "t5"."target",
          "t5"."part",
          "t5"."policy_document",
          "t5"."time",
          "t5"."issued_until",
          "t5"."tells",
          ROW_NUMBER() OVER (
            PARTITION BY "t5"."issued_key"
            ORDER BY "t5"."time" ASC, "t5"."event_id" ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
          ) - 1 AS "place"
        FROM (
          SELECT
            *
          FROM "mine" AS "t0"
          WHERE
            "t0"."issued_key" <> '' AND "t0"."error_code" = ''
        ) AS "t5"
      ) AS "t7"
      WHERE
        "t7"."place" = 0
    ) AS "t9"
  ) AS "t11"
  LEFT OUTER JOIN (
    SELECT
      "t12"."key_id",
      "t12"."lease_id",
      "t12"."time" AS "issuance_time"
    FROM (
      SELECT
        "t8"."request_id",
        "t8"."path",
        "t8"."role",
        "t8"."lease_id",
        "t8"."access_key",
        "t8"."person",
        "t8"."entity_id",
        "t8"."display_name",
        "t8"."token_accessor",
        "t8"."remote_address",
        "t8"."namespace",
        "t8"."time",
        "t8"."token_ttl_seconds",
        "t8"."is_sts",
        "t8"."value",
        "t8"."digest",
        "t8"."key_id",
        ROW_NUMBER() OVER (
          PARTITION BY "t8"."key_id"
          ORDER BY "t8"."time" ASC, "t8"."request_id" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) - 1 AS "place"
      FROM (
        SELECT
          "t6"."request_id",
          "t6"."path",
          "t6"."role",
          "t6"."lease_id",
          "t6"."access_key",
          "t6"."person",
          "t6"."entity_id",
          "t6"."display_name",
          "t6"."token_accessor",
          "t6"."remote_address",
          "t6"."namespace",
          "t6"."time",
          "t6"."token_ttl_seconds",
          "t6"."is_sts",
          "t6"."value",
          "t6"."digest",
          COALESCE("t6"."value", "t6"."access_key") AS "key_id"
        FROM (
          SELECT
            "t3"."request_id",
            "t3"."path",
            "t3"."role",
            "t3"."lease_id",
            "t3"."access_key",
            "t3"."person",
            "t3"."entity_id",
            "t3"."display_name",
            "t3"."token_accessor",
            "t3"."remote_address",
            "t3"."namespace",
            "t3"."time",
            "t3"."token_ttl_seconds",
            "t3"."is_sts",
            "t4"."value",
            "t4"."digest"
          FROM "issuances" AS "t3"
          LEFT OUTER JOIN "digests" AS "t4"
            ON "t3"."access_key" = "t4"."digest"
        ) AS "t6"
      ) AS "t8"
    ) AS "t12"
    WHERE
      "t12"."place" = 0
  ) AS "t14"
    ON "t11"."issued_key" = "t14"."key_id"
) AS "t15"
