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
        "t18"."access_key_id",
        COUNT(*) AS "calls",
        MIN("t18"."time") AS "first",
        MAX("t18"."time") AS "last",
        FIRST("t18"."region" ORDER BY "t18"."time") AS "detail",
        FIRST("t18"."event_id" ORDER BY "t18"."time") AS "event_id"
      FROM (
        SELECT
          "t11"."event_id",
          "t11"."service",
          "t11"."name",
          "t11"."region",
          "t11"."access_key_id",
          "t11"."error_code",
          "t11"."source_ip",
          "t11"."user_agent",
          "t11"."time",
          "t11"."ends",
          "t11"."cut"
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
        ) AS "t11"
        SEMI JOIN (
          SELECT
            *
          FROM "strange" AS "t1"
          WHERE
            "t1"."kind" = 'region'
        ) AS "t7"
          ON "t11"."region" = "t7"."value"
      ) AS "t18"
      GROUP BY
        1
    ) AS "t22"
  ) AS "t26"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t19"."access_key_id",
      "t19"."calls",
      "t19"."first",
      "t19"."last",
      "t19"."detail",
      "t19"."event_id",
      'used by an unexpected program' AS "kind"
    FROM (
      SELECT
        "t14"."access_key_id",
        COUNT(*) AS "calls",
        MIN("t14"."time") AS "first",
        MAX("t14"."time") AS "last",
        FIRST("t14"."user_agent" ORDER BY "t14"."time") AS "detail",
        FIRST("t14"."event_id" ORDER BY "t14"."time") AS "event_id"
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
          "t2"."ends",
          "t2"."cut"
        FROM "calls" AS "t2"
        SEMI JOIN (
          SELECT
            *
          FROM "strange" AS "t1"
          WHERE
            "t1"."kind" = 'user_agent'
        ) AS "t8"
          ON "t2"."user_agent" = "t8"."value"
      ) AS "t14"
      GROUP BY
        1
    ) AS "t19"
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
      "t13"."access_key_id",
      "t13"."calls",
      "t13"."first",
      "t13"."last",
      "t13"."detail",
      "t13"."event_id",
      'refused often' AS "kind"
    FROM (
      SELECT
        "t6"."access_key_id",
        COUNT(*) AS "calls",
        MIN("t6"."time") AS "first",
        MAX("t6"."time") AS "last",
        FIRST("t6"."name" ORDER BY "t6"."time") AS "detail",
        FIRST("t6"."event_id" ORDER BY "t6"."time") AS "event_id"
      FROM (
        SELECT
          *
        FROM "calls" AS "t0"
        WHERE
          CONTAINS("t0"."error_code", 'AccessDenied')
          OR CONTAINS("t0"."error_code", 'Unauthorized')
      ) AS "t6"
      GROUP BY
        1
    ) AS "t13"
  ) AS "t16"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t17"."access_key_id",
        "t17"."calls",
        "t17"."first",
        "t17"."last",
        "t17"."detail",
        "t17"."event_id",
        'used after its end' AS "kind"
      FROM (
        SELECT
          "t12"."access_key_id",
          COUNT(*) AS "calls",
          MIN("t12"."time") AS "first",
          MAX("t12"."time") AS "last",
          FIRST("t12"."name" ORDER BY "t12"."time") AS "detail",
          FIRST("t12"."event_id" ORDER BY "t12"."time") AS "event_id"
        FROM (
          SELECT
            *
          FROM "calls" AS "t0"
          WHERE
            "t0"."error_code" = ''
            AND (
              (
                "t0"."time" > "t0"."ends"
              )
              OR (
                (
                  "t0"."time" > "t0"."cut"
                )
                AND NOT (
                  (
                    "t0"."service" = 'sts'
                  ) AND (
                    "t0"."name" = 'GetCallerIdentity'
                  )
                )
              )
            )
        ) AS "t12"
        GROUP BY
          1
      ) AS "t17"
    ) AS "t21"
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
        'used from an unexpected network' AS "kind"
      FROM (
        SELECT
          "t15"."access_key_id",
          COUNT(*) AS "calls",
          MIN("t15"."time") AS "first",
          MAX("t15"."time") AS "last",
          FIRST("t15"."source_ip" ORDER BY "t15"."time") AS "detail",
          FIRST("t15"."event_id" ORDER BY "t15"."time") AS "event_id"
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
            "t2"."ends",
            "t2"."cut"
          FROM "calls" AS "t2"
          SEMI JOIN (
            SELECT
              *
            FROM "strange" AS "t1"
            WHERE
              "t1"."kind" = 'source_ip'
          ) AS "t9"
            ON "t2"."source_ip" = "t9"."value"
        ) AS "t15"
        GROUP BY
          1
      ) AS "t20"
    ) AS "t24"
  ) AS "t25"
) AS "t27"
