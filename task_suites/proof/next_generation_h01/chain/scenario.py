"""A currency with a relay for signed orders, which exist on another chain too; one order was made for that one."""

from bitsec_eval import ETHER, Scenario

ANOTHER_CHAIN = 10


class Payments(Scenario):
    """The payer once paid the attacker on another chain; the order and its signature are there for all to read."""

    def deploy(self):
        chain = self.chain
        self.issuer, self.shop, self.submitter, self.holder = (
            chain.account(name) for name in ("issuer", "shop", "submitter", "holder")
        )
        self.payer = chain.signer("payer")
        self.savings = chain.draw("savings", 500, 900) * ETHER
        self.paid = chain.draw("paid", 50, 400) * ETHER
        self.coin = chain.deploy("Coin", sender=self.issuer)
        self.relay = chain.deploy("Relay", self.coin, sender=self.issuer)
        self.coin.setRelay(self.relay, sender=self.issuer)
        self.wallet = chain.deploy("Wallet", sender=self.holder)
        for owner in (self.payer, self.wallet):
            self.coin.mint(owner, self.savings, sender=self.issuer)
        self.elsewhere = self.relay.domainOf(ANOTHER_CHAIN, self.relay)
        self.order = (self.payer, self.attacker, self.paid, 0, 0)
        self.signature = self.signed(self.order, self.elsewhere)

    def signed(self, order, separator):
        """Return the payer's signature of an order for a relay."""
        return self.payer.sign(self.relay.digestOf(order, separator))

    def use(self):
        relay, coin, payer, shop = self.relay, self.coin, self.payer, self.shop
        here, fee = relay.domain(), ETHER

        order = (payer, shop, self.paid, fee, 0)
        signature = self.signed(order, here)
        with self.chain.reverts():
            relay.submit((payer, shop, 2 * self.paid, fee, 0), here, signature, sender=self.submitter)
        relay.submit(order, here, signature, sender=self.submitter)
        assert coin.balanceOf(shop) == self.paid
        assert coin.balanceOf(self.submitter) == fee
        assert coin.balanceOf(payer) == self.savings - self.paid - fee
        assert relay.nonces(payer) == 1
        with self.chain.reverts():
            relay.submit(order, here, signature, sender=self.submitter)

        order = (payer, self.wallet, fee, fee, 1)
        data = relay.submit.data(order, here, self.signed(order, here))
        self.wallet.execute(relay.address, 0, data, sender=self.holder)
        assert coin.balanceOf(self.wallet) == self.savings + 2 * fee
        self.wallet.execute(coin.address, 0, coin.transfer.data(shop, fee), sender=self.holder)
        assert coin.balanceOf(shop) == self.paid + fee

        order = (payer, shop, fee, 0, 2)
        relay.skip(sender=payer)
        with self.chain.reverts():
            relay.submit(order, here, self.signed(order, here), sender=self.submitter)
        order = (payer, shop, fee, 0, 3)
        with self.chain.reverts():
            relay.submit(order, here, bytes(65), sender=self.submitter)
        relay.submit(order, here, self.signed(order, here), sender=self.submitter)
        assert coin.balanceOf(shop) == self.paid + 2 * fee

        coin.transfer(self.holder, fee, sender=payer)
        for forbidden in (coin.moveFor, coin.mint):
            with self.chain.reverts():
                arguments = (payer, shop, 1) if forbidden.name == coin.moveFor.name else (shop, 1)
                forbidden(*arguments, sender=shop)

    unused = ("moveFor",)  # the relay's own

    def entry(self):
        return self.relay, self.order, self.elsewhere, self.signature

    def targets(self):
        return {"relay": self.relay, "coin": self.coin}

    @property
    def least(self):
        return self.paid

    def stolen(self):
        return self.held(self.coin)
