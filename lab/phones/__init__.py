"""
SIP phones that people hold: operators and callers, real SIP and RTP, driven from asyncio.

    async with phones(node, folder=recordings) as stack:
        operator = await stack.operator("ivanova", password, react=answer_after(seconds=1))
        await operator.register()
        await operator.dial_code("*45")
        caller = await stack.dial("88001000001", number="+79001234567")
        await caller.hear(greeting, patience=timedelta(seconds=10))
        await caller.press("1")

Operators live at 127.0.0.1. Callers reach the node from 127.0.0.2, the address of its trunk,
through a relay (`trunk.py`). One process has one SIP stack at a time.
"""
