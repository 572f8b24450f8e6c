// A program that uses AWS's SDK for Go as any program does: the environment decides where its
// credentials come from. Each line on its input is a call; each call is answered with one
// line of JSON. It lives as long as its input, and so do its credentials.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

type answer struct {
	OK    bool   `json:"ok"`
	Said  string `json:"said"`
	KeyID string `json:"key_id"`
}

func main() {
	if len(os.Args) > 1 {
		fmt.Println("a client of AWS's SDK for Go", aws.SDKVersion)
		return
	}
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		show(call(settings, lines.Text()))
	}
}

func call(settings aws.Config, name string) answer {
	background := context.Background()
	said, err := "", error(nil)
	switch name {
	case "identity":
		out, failure := sts.NewFromConfig(settings).GetCallerIdentity(background, nil)
		if err = failure; err == nil {
			said = aws.ToString(out.Arn)
		}
	case "service":
		out, failure := s3.NewFromConfig(settings).ListBuckets(background, nil)
		if err = failure; err == nil {
			said = fmt.Sprintf("%d buckets", len(out.Buckets))
		}
	case "forbidden":
		wanted := &s3.CreateBucketInput{Bucket: aws.String("made-up")}
		_, err = s3.NewFromConfig(settings).CreateBucket(background, wanted)
	default:
		err = fmt.Errorf("no call %q", name)
	}
	if err != nil {
		return answer{Said: err.Error()}
	}
	credentials, err := settings.Credentials.Retrieve(background)
	if err != nil {
		return answer{Said: err.Error()}
	}
	return answer{OK: true, Said: said, KeyID: credentials.AccessKeyID}
}

func show(shown answer) {
	if err := json.NewEncoder(os.Stdout).Encode(shown); err != nil {
		os.Exit(1)
	}
}
