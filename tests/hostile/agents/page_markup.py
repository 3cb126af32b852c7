"""Print markup for the published page.

attack: T03 run script in a reader's browser
guard: the board shows no answer, and escapes every text
ending: exited
"""

import sys

sys.exit("</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>'\"><svg onload=alert(1)>")
