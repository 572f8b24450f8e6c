"""CloudFormation: change sets, and the stacks that are made with them, as AWS runs them.

moto makes a template's entities behind IAM's back. Here each resource is made by calls of IAM, S3
and CloudTrail through the gate, on behalf of the one who executes the change set, so his rights
bound it and the trail has it. Templates with other types of resources are left to moto.
"""
