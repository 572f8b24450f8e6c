SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t22"."access_key_id",
      "t22"."calls",
      "t22"."first",
      "t22"."last",
      "t22"."detail",
      "t22"."event_id",
      'used in an unexpected region' AS "kind"
    FROM (
      SELECT
        "t19"."access_key_id",
        COUNT(*) AS "calls",
        MIN("t19"."time") AS "first",
        MAX("t19"."time") AS "last",
        FIRST("t19"."region" ORDER BY "t19"."time") AS "detail",
        FIRST("t19"."event_id" ORDER BY "t19"."time") AS "event_id"
      FROM (
        SELECT
          "t12"."event_id",
          "t12"."service",
          "t12"."name",
          "t12"."region",
          "t12"."access_key_id",
          "t12"."error_code",
          "t12"."source_ip",
          "t12"."user_agent",
          "t12"."time",
          "t12"."ends"
        FROM (
          SELECT
            *
          FROM "calls" AS "t0"
          WHERE
            NOT (
              "t0"."service" IN ('account', 'cloudfront', 'iam', 'organizations', 'route53', 'sts', 'support')
              AND (
                "t0"."region" = 'us-east-1'
              )
            )
        ) AS "t12"
        SEMI JOIN (
          SELECT
            *
          FROM "strange" AS "t1"
          WHERE
            "t1"."kind" = 'region'
        ) AS "t8"
          ON "t12"."region" = "t8"."value"
      ) AS "t19"
      GROUP BY
        1
    ) AS "t22"
  ) AS "t26"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t20"."access_key_id",
      "t20"."calls",
      "t20"."first",
      "t20"."last",
      "t20"."detail",
      "t20"."event_id",
      'used by an unexpected program' AS "kind"
    FROM (
      SELECT
        "t16"."access_key_id",
        COUNT(*) AS "calls",
        MIN("t16"."time") AS "first",
        MAX("t16"."time") AS "last",
        FIRST("t16"."user_agent" ORDER BY "t16"."time") AS "detail",
        FIRST("t16"."event_id" ORDER BY "t16"."time") AS "event_id"
      FROM (
        SELECT
          "t2"."event_id",
          "t2"."service",
          "t2"."name",
          "t2"."region",
          "t2"."access_key_id",
          "t2"."error_code",
          "t2"."source_ip",
          "t2"."user_agent",
          "t2"."time",
          "t2"."ends"
        FROM "calls" AS "t2"
        SEMI JOIN (
          SELECT
            *
          FROM "strange" AS "t1"
          WHERE
            "t1"."kind" = 'user_agent'
        ) AS "t9"
          ON "t2"."user_agent" = "t9"."value"
      ) AS "t16"
      GROUP BY
        1
    ) AS "t20"
  ) AS "t23"
) AS "t28"
UNION ALL
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t14"."access_key_id",
      "t14"."calls",
      "t14"."first",
      "t14"."last",
      "t14"."detail",
      "t14"."event_id",
      'refused often' AS "kind"
    FROM (
      SELECT
        "t7"."access_key_id",
        COUNT(*) AS "calls",
        MIN("t7"."time") AS "first",
        MAX("t7"."time") AS "last",
        FIRST("t7"."name" ORDER BY "t7"."time") AS "detail",
        FIRST("t7"."event_id" ORDER BY "t7"."time") AS "event_id"
      FROM (
        SELECT
          *
        FROM "calls" AS "t0"
        WHERE
          CONTAINS("t0"."error_code", 'AccessDenied')
          OR CONTAINS("t0"."error_code", 'Unauthorized')
      ) AS "t7"
      GROUP BY
        1
    ) AS "t14"
  ) AS "t18"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t13"."access_key_id",
        "t13"."calls",
        "t13"."first",
        "t13"."last",
        "t13"."detail",
        "t13"."event_id",
        'used after its end' AS "kind"
      FROM (
        SELECT
          "t3"."access_key_id",
          COUNT(*) AS "calls",
          MIN("t3"."time") AS "first",
          MAX("t3"."time") AS "last",
          FIRST("t3"."name" ORDER BY "t3"."time") AS "detail",
          FIRST("t3"."event_id" ORDER BY "t3"."time") AS "event_id"
        FROM (
          SELECT
            *
          FROM "calls" AS "t0"
          WHERE
            "t0"."error_code" = '' AND "t0"."ends" IS NOT NULL AND "t0"."time" > "t0"."ends"
        ) AS "t3"
        GROUP BY
          1
      ) AS "t13"
    ) AS "t15"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        "t21"."access_key_id",
        "t21"."calls",
        "t21"."first",
        "t21"."last",
        "t21"."detail",
        "t21"."event_id",
        'used from an unexpected network' AS "kind"
      FROM (
        SELECT
          "t17"."access_key_id",
          COUNT(*) AS "calls",
          MIN("t17"."time") AS "first",
          MAX("t17"."time") AS "last",
          FIRST("t17"."source_ip" ORDER BY "t17"."time") AS "detail",
          FIRST("t17"."event_id" ORDER BY "t17"."time") AS "event_id"
        FROM (
          SELECT
            "t2"."event_id",
            "t2"."service",
            "t2"."name",
            "t2"."region",
            "t2"."access_key_id",
            "t2"."error_code",
            "t2"."source_ip",
            "t2"."user_agent",
            "t2"."time",
            "t2"."ends"
          FROM "calls" AS "t2"
          SEMI JOIN (
            SELECT
              *
            FROM "strange" AS "t1"
            WHERE
              "t1"."kind" = 'source_ip'
          ) AS "t10"
            ON "t2"."source_ip" = "t10"."value"
        ) AS "t17"
        GROUP BY
          1
      ) AS "t21"
    ) AS "t24"
  ) AS "t25"
) AS "t27"
