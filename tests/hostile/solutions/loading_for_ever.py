"""Never finish loading.

attack: H10 keep the host waiting
guard: call_timeout
reason: loading the answer: the solution took longer than
"""

while True:
    pass
