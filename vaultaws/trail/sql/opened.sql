SELECT
  "t3".*
  EXCLUDE ("place")
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t1"."event_id",
      "t1"."service",
      "t1"."name",
      "t1"."region",
      "t1"."account",
      "t1"."access_key_id",
      "t1"."identity_type",
      "t1"."principal_arn",
      "t1"."principal_id",
      "t1"."user_name",
      "t1"."issued_key",
      "t1"."error_code",
      "t1"."source_ip",
      "t1"."user_agent",
      "t1"."target",
      "t1"."part",
      "t1"."policy_document",
      "t1"."time",
      "t1"."issued_until",
      "t1"."tells",
      ROW_NUMBER() OVER (
        PARTITION BY "t1"."event_id"
        ORDER BY "t1"."time" ASC, "t1"."event_id" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) - 1 AS "place"
    FROM (
      SELECT
        *
      FROM "mine" AS "t0"
      WHERE
        "t0"."name" IN (
          'AddUserToGroup',
          'AttachGroupPolicy',
          'AttachRolePolicy',
          'AttachUserPolicy',
          'CreateLoginProfile',
          'CreateOpenIDConnectProvider',
          'CreatePolicyVersion',
          'CreateRole',
          'CreateSAMLProvider',
          'CreateServiceSpecificCredential',
          'CreateUser',
          'DeactivateMFADevice',
          'DeleteRolePermissionsBoundary',
          'DeleteUser',
          'DeleteUserPermissionsBoundary',
          'GetSigninToken',
          'PutGroupPolicy',
          'PutRolePermissionsBoundary',
          'PutRolePolicy',
          'PutUserPermissionsBoundary',
          'PutUserPolicy',
          'SetDefaultPolicyVersion',
          'TagUser',
          'UpdateAccessKey',
          'UpdateAssumeRolePolicy',
          'UpdateLoginProfile',
          'UploadSSHPublicKey',
          'UploadSigningCertificate'
        )
    ) AS "t1"
  ) AS "t2"
  WHERE
    "t2"."place" = 0
) AS "t3"
