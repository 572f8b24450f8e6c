"""Credential sets kept between runs, never in clear on disk: one request for many processes.

A hit is on the way of every `credential_process` call, so what it needs (`key`, `record`, `life`,
`kernel`, `files`, `places`, `store`, `flight`) imports the lightest parts of Python alone: no
dataclasses, json, re, pathlib or typing. `cache.open_cache` is the door for everybody else.
"""
