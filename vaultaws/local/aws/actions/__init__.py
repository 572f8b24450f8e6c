"""Which IAM actions on which resources an operation needs, service by service.

Source: AWS service authorization reference ("Actions, resources, and condition keys").
"""
