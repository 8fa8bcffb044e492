"""Runs one process after the other with cwltool, without starting it anew: a line of JSON with the arguments in, a line with how it ended out."""
import io
import json
import logging
import sys

from cwltool.main import main

answers = sys.stdout
sys.stdout = sys.stderr
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(err)
    try:
        code = main(json.loads(line), stdout=out, stderr=err, logger_handler=handler)
    except BaseException as error:  # argparse ends the process
        code, _ = 70, err.write(repr(error))
    finally:
        logging.getLogger("cwltool").removeHandler(handler)
    print(json.dumps({"code": code, "out": out.getvalue(), "err": err.getvalue()[-4000:]}), file=answers, flush=True)
