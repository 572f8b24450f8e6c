SELECT
  "t16"."lease_id",
  CASE
    WHEN "t16"."time" >= (
      SELECT
        "t2"."complete"
      FROM "bounds" AS "t2"
    )
    THEN 'pending'
    WHEN CASE
      WHEN (
        SELECT
          "t2"."undigested"
        FROM "bounds" AS "t2"
      )
      THEN 'the server did not tell what the audit log writes for a key'
      WHEN "t16"."lost_lease" IS NOT NULL
      THEN 'files of CloudTrail of that time cannot be read'
      WHEN "t16"."time" < (
        SELECT
          "t2"."salted"
        FROM "bounds" AS "t2"
      )
      THEN 'the audit device was made anew since, and old digests cannot be compared'
      ELSE ''
    END <> ''
    THEN 'uncovered'
    ELSE 'missing'
  END AS "standing",
  CASE
    WHEN (
      SELECT
        "t2"."undigested"
      FROM "bounds" AS "t2"
    )
    THEN 'the server did not tell what the audit log writes for a key'
    WHEN "t16"."lost_lease" IS NOT NULL
    THEN 'files of CloudTrail of that time cannot be read'
    WHEN "t16"."time" < (
      SELECT
        "t2"."salted"
      FROM "bounds" AS "t2"
    )
    THEN 'the audit device was made anew since, and old digests cannot be compared'
    ELSE ''
  END AS "why"
FROM (
  SELECT
    "t12"."request_id",
    "t12"."path",
    "t12"."role",
    "t12"."lease_id",
    "t12"."access_key",
    "t12"."person",
    "t12"."entity_id",
    "t12"."display_name",
    "t12"."token_accessor",
    "t12"."remote_address",
    "t12"."namespace",
    "t12"."time",
    "t12"."token_ttl_seconds",
    "t12"."is_sts",
    "t15"."lost_lease"
  FROM (
    SELECT
      *
    FROM "issuances" AS "t0"
    WHERE
      "t0"."time" >= (
        SELECT
          "t2"."events_begin"
        FROM "bounds" AS "t2"
      )
  ) AS "t12"
  ANTI JOIN "judged" AS "t4"
    ON "t12"."lease_id" = "t4"."lease_id"
  LEFT OUTER JOIN (
    SELECT DISTINCT
      *
    FROM (
      SELECT
        "t12"."lease_id" AS "lost_lease"
      FROM (
        SELECT
          *
        FROM "issuances" AS "t0"
        WHERE
          "t0"."time" >= (
            SELECT
              "t2"."events_begin"
            FROM "bounds" AS "t2"
          )
      ) AS "t12"
      ANTI JOIN "judged" AS "t4"
        ON "t12"."lease_id" = "t4"."lease_id"
      INNER JOIN (
        SELECT
          *
        FROM "spans" AS "t3"
        WHERE
          "t3"."kind" = 'trail gap'
      ) AS "t10"
        ON "t12"."time" >= "t10"."starts" AND "t12"."time" <= "t10"."ends"
    ) AS "t13"
  ) AS "t15"
    ON "t12"."lease_id" = "t15"."lost_lease"
) AS "t16"
