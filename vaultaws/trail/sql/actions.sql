SELECT
  "t2"."access_key_id",
  "t2"."service",
  "t2"."name",
  "t2"."place"
FROM (
  SELECT
    "t1"."access_key_id",
    "t1"."service",
    "t1"."name",
    "t1"."times",
    ROW_NUMBER() OVER (
      PARTITION BY "t1"."access_key_id"
      ORDER BY "t1"."times" DESC, "t1"."service" ASC, "t1"."name" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) - 1 AS "place"
  FROM (
    SELECT
      "t0"."access_key_id",
      "t0"."service",
      "t0"."name",
      COUNT(*) AS "times"
    FROM "calls" AS "t0"
    GROUP BY
      1,
      2,
      3
  ) AS "t1"
) AS "t2"
WHERE
  "t2"."place" < 3
