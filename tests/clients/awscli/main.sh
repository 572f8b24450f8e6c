#!/bin/sh
# A program in shell that makes its calls with the AWS CLI named by its argument: the environment
# decides where the credentials come from. Each line on its input is a call; each call is answered
# with one line of JSON, without the key's id, which the AWS CLI does not tell.
aws=$1
say() { printf '{"ok": %s, "said": "%s", "key_id": ""}\n' "$1" "$(printf %s "$2" | tr -d '"\\\n')"; }

while read -r name; do
  case $name in
    identity) set -- sts get-caller-identity --query Arn ;;
    service) set -- s3api list-buckets --query 'length(Buckets)' ;;
    forbidden) set -- s3api create-bucket --bucket made-up ;;
  esac
  if said=$("$aws" "$@" --output text 2>&1); then say true "$said"; else say false "$said"; fi
done
