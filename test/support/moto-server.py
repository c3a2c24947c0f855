"""Serves moto on a free port of loopback. What it does at its start and at every reset is done once. Argument: the release it has to be of."""
import gc
import os
import sys
import threading

# It ends with the pipe of its input, so that it never outlives the tests, however they end.
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()

# What is loaded stays, and to look for garbage in it takes as long as to load it.
gc.disable()
try:
    import moto
except ImportError:
    sys.exit('There is no moto')
if moto.__version__ != sys.argv[1]:
    sys.exit('There is moto ' + moto.__version__)

import copy
import functools

import boto3

# Each session would read anew what services there are.
boto3.Session = functools.cache(boto3.Session)

import moto.ec2.models
from moto.iam.models import IAMBackend
from moto.server import main

# AWS's own policies, where they are asked for, are read once and not again at every reset.
load, known = IAMBackend._init_aws_policies, {}


def policies(backend):
    key = (backend.account_id, backend.region_name)
    if key not in known:
        known[key] = load(backend)
    return [copy.copy(policy) for policy in known[key]]


IAMBackend._init_aws_policies = policies
gc.freeze()
gc.enable()
print('Installed in ' + os.path.dirname(moto.__file__), file=sys.stderr)
main(['-H', '127.0.0.1', '-p', '0'])
