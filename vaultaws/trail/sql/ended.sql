SELECT
  "t15"."lease_id",
  MIN("t15"."time") AS "revoked"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t10"."lease_id",
      "t12"."time"
    FROM (
      SELECT
        "t0"."lease_id",
        "t0"."issuance_time" AS "issued"
      FROM "judged" AS "t0"
      WHERE
        "t0"."lease_id" IS NOT NULL
    ) AS "t10"
    INNER JOIN (
      SELECT DISTINCT
        "t2"."lease_id",
        "t2"."namespace"
      FROM "issuances" AS "t2"
    ) AS "t7"
      ON "t10"."lease_id" = "t7"."lease_id"
    LEFT OUTER JOIN "digests" AS "t4"
      ON "t10"."lease_id" = "t4"."value"
    INNER JOIN (
      SELECT
        *
      FROM "revocations" AS "t3"
      WHERE
        NOT (
          "t3"."is_prefix"
        )
    ) AS "t12"
      ON (
        (
          "t10"."lease_id" = "t12"."lease"
        ) OR (
          "t4"."digest" = "t12"."lease"
        )
      )
      AND "t12"."time" >= "t10"."issued"
  ) AS "t14"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t10"."lease_id",
      "t11"."time"
    FROM (
      SELECT
        "t0"."lease_id",
        "t0"."issuance_time" AS "issued"
      FROM "judged" AS "t0"
      WHERE
        "t0"."lease_id" IS NOT NULL
    ) AS "t10"
    INNER JOIN (
      SELECT DISTINCT
        "t2"."lease_id",
        "t2"."namespace"
      FROM "issuances" AS "t2"
    ) AS "t7"
      ON "t10"."lease_id" = "t7"."lease_id"
    LEFT OUTER JOIN "digests" AS "t4"
      ON "t10"."lease_id" = "t4"."value"
    INNER JOIN (
      SELECT
        "t3"."lease",
        "t3"."namespace",
        "t3"."time",
        "t3"."is_prefix",
        "t3"."lease" || '/' AS "folder"
      FROM "revocations" AS "t3"
      WHERE
        "t3"."is_prefix"
    ) AS "t11"
      ON "t7"."namespace" = "t11"."namespace"
      AND (
        (
          "t10"."lease_id" = "t11"."lease"
        )
        OR STARTS_WITH("t10"."lease_id", "t11"."folder")
      )
      AND "t11"."time" >= "t10"."issued"
  ) AS "t13"
) AS "t15"
GROUP BY
  1
