SELECT
  "t7".*
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
        PARTITION BY "t5"."event_id"
        ORDER BY "t5"."time" ASC, "t5"."event_id" ASC
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
      ) AS "t4"
      SEMI JOIN "denying" AS "t2"
        ON "t4"."target" = "t2"."target" AND "t4"."part" = "t2"."part"
    ) AS "t5"
  ) AS "t6"
  WHERE
    "t6"."place" = 0
) AS "t7"
