// A program that uses AWS's SDK for JavaScript as any program does: the environment decides where
// its credentials come from. Each line on its input is a call; each call is answered
// with one line of JSON. It lives as long as its input, and so do its credentials.
import { createInterface } from "node:readline";

import { CreateBucketCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";

const { AWS_ACCESS_KEY_ID, AWS_CONTAINER_CREDENTIALS_FULL_URI } = process.env;
const given = AWS_ACCESS_KEY_ID ?? AWS_CONTAINER_CREDENTIALS_FULL_URI;
const sts = new STSClient(given ? {} : { credentials: fromIni() });
const s3 = new S3Client({ credentials: sts.config.credentials });

const calls = {
  identity: async () => (await sts.send(new GetCallerIdentityCommand({}))).Arn,
  forbidden: async () => (await s3.send(new CreateBucketCommand({ Bucket: "made-up" }))).Location,
  service: async () => `${(await s3.send(new ListBucketsCommand({}))).Buckets?.length ?? 0} buckets`,
};

async function answer(name) {
  try {
    const said = await calls[name]();
    const { accessKeyId } = await sts.config.credentials();
    return { ok: true, said, key_id: accessKeyId };
  } catch (error) {
    return { ok: false, said: String(error.message), key_id: "" };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(line)));
}
