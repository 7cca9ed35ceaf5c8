"""The AWS half of a stack written as a CloudFormation template, so that cfn-lint can judge it (`test_cfn_lint.py`)."""
