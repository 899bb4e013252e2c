"""What there is to fight over: few things, so that everybody wants the same ones."""

SITE = "TRT"
BAYS = ("TRT-A1", "TRT-A2")
CAGE = "TRT-CAGE"
LANES = ("TRT-L1", "TRT-L2")
DOCKS = ("TRT-D1", "TRT-D2")
WORK_CENTER = "TRT-WC"
TRUCK = "TRT-TRUCK"
CUSTOMER = "TRT-BUYER"
RAW, GOODS = "TRT-RAW", "TRT-GOODS"
RAW_LOTS = ("TRT-R1", "TRT-R2", "TRT-R3")
GOODS_LOTS = ("TRT-F1", "TRT-F2")
BOXES = ("TRT-BOX1", "TRT-BOX2", "TRT-BOX3")
ORDERS = ("TRT-PO1", "TRT-PO2")
SHIPMENTS = ("TRT-SH1", "TRT-SH2")
START_QUANTITY = 500
NEEDED = 100_000_000
PASSWORD = "torture"  # noqa: S105 - of users who are gone with their plant


def username(client: str) -> str:
    """Each client is a user of its own, so that what it did can be told apart."""
    return f"torture-{client}"
