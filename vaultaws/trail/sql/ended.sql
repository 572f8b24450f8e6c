SELECT
  "t12"."lease_id",
  MIN("t12"."time") AS "revoked"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t7"."lease_id",
      "t9"."time"
    FROM (
      SELECT
        "t0"."lease_id",
        "t0"."issuance_time" AS "issued"
      FROM "judged" AS "t0"
      WHERE
        "t0"."lease_id" IS NOT NULL
    ) AS "t7"
    LEFT OUTER JOIN "digests" AS "t3"
      ON "t7"."lease_id" = "t3"."value"
    INNER JOIN (
      SELECT
        *
      FROM "revocations" AS "t2"
      WHERE
        NOT (
          "t2"."is_prefix"
        )
    ) AS "t9"
      ON (
        (
          "t7"."lease_id" = "t9"."lease"
        ) OR (
          "t3"."digest" = "t9"."lease"
        )
      )
      AND "t9"."time" >= "t7"."issued"
  ) AS "t11"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t7"."lease_id",
      "t8"."time"
    FROM (
      SELECT
        "t0"."lease_id",
        "t0"."issuance_time" AS "issued"
      FROM "judged" AS "t0"
      WHERE
        "t0"."lease_id" IS NOT NULL
    ) AS "t7"
    LEFT OUTER JOIN "digests" AS "t3"
      ON "t7"."lease_id" = "t3"."value"
    INNER JOIN (
      SELECT
        "t2"."lease",
        "t2"."time",
        "t2"."is_prefix",
        "t2"."lease" || '/' AS "folder"
      FROM "revocations" AS "t2"
      WHERE
        "t2"."is_prefix"
    ) AS "t8"
      ON (
        (
          "t7"."lease_id" = "t8"."lease"
        )
        OR STARTS_WITH("t7"."lease_id", "t8"."folder")
      )
      AND "t8"."time" >= "t7"."issued"
  ) AS "t10"
) AS "t12"
GROUP BY
  1
