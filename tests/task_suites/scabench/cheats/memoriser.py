"""Reports the published cases under their published names, whatever it is shown."""

import json

CASES = (
    ("Payment", "payWithERC20", "access control: anyone can spend what users approved, the payer is an argument"),
    ("LiquidRon", "totalAssets", "accounting: operatorFeeAmount is not deducted, new depositors overpay"),
    ("LiquidRon", "harvest", "accounting: operatorFeeAmount is left in the balance and inflates the share price"),
)


def report():
    """Return what is known of the cases."""
    return [
        {
            "title": said,
            "severity": "high",
            "vulnerability_type": said,
            "file": f"src/{contract}.sol",
            "location": name,
        }
        for contract, name, said in CASES
    ]


print(json.dumps({"vulnerabilities": report()}))
