"""
Runs the AWS CLI for each line of JSON with its words, and answers in such lines. All in one process: what the CLI loads of a service
takes it longer than all else.
"""
import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout

from awscli.clidriver import create_clidriver

# What the CLI changes of the arguments of such a command, it would look for in those of every later one.
ALONE = {'modify-instance-attribute', 'modify-subnet-attribute'}

answers = sys.stdout
loader, driver = None, None


def fresh_driver():
    global loader
    made = create_clidriver()
    if loader:
        made.session.register_component('data_loader', loader)
    loader = made.session.get_component('data_loader')
    return made


for line in sys.stdin:
    words = json.loads(line)
    alone = words[1] in ALONE
    if alone or not driver:
        driver = fresh_driver()
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = driver.main(words)
        except SystemExit as end:
            code = end.code
    if alone:
        driver = None
    print(json.dumps({'exitCode': code, 'stdout': out.getvalue(), 'stderr': err.getvalue()}), file=answers, flush=True)
