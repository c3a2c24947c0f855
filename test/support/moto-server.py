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

import functools

import boto3

# Each session would read anew what services there are.
boto3.Session = functools.cache(boto3.Session)

import moto.backends
import moto.core.errors
import moto.core.responses
import moto.ec2.models
from moto.iam.models import IAMBackend
from moto.server import main
from werkzeug.serving import WSGIRequestHandler

# AWS's own policies, where they are asked for, are read once and not again at every reset. It makes a backend for each partition
# there is, to look for the owner of a key, and nobody attaches those of the others.
load, known = IAMBackend._init_aws_policies, {}


def policies(backend):
    if backend.region_name != 'aws':
        return []
    if backend.account_id not in known:
        known[backend.account_id] = [(policy, dict(vars(policy))) for policy in load(backend)]
    for policy, fresh in known[backend.account_id]:
        vars(policy).update(fresh)
    return [policy for policy, _ in known[backend.account_id]]


IAMBackend._init_aws_policies = policies

# Each call would look on the disk for what services there are, and through a class for what calls it knows.
modules = tuple(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: modules
moto.core.responses.method_names_from_class = functools.cache(moto.core.responses.method_names_from_class)
# It keeps what errors a service knows in an object that it makes anew for each error.
moto.core.errors.ErrorLookupFactory = functools.cache(moto.core.errors.ErrorLookupFactory)

# Calls that come together are answered one after the other: in turns, each would take as long as all of them.
sys.setswitchinterval(0.1)

# A connection carries more than one call, as those of AWS do; an answer is not held back until its head is acknowledged.
WSGIRequestHandler.protocol_version = 'HTTP/1.1'
WSGIRequestHandler.disable_nagle_algorithm = True
# Nobody reads a line for each call.
WSGIRequestHandler.log_request = lambda *_: None
gc.freeze()
gc.enable()
print('Installed in ' + os.path.dirname(moto.__file__), file=sys.stderr)
main(['-H', '127.0.0.1', '-p', '0'])
