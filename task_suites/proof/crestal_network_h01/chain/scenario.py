"""A market for agents by the day: a host, tenants who approved it for good, and somebody who rents nothing."""

from bitsec_eval import ETHER, Scenario

FOR_GOOD = 2**256 - 1
DAY = 24 * 3600


class Market(Scenario):
    """Rent by the day, prepaid or not, with a commission for the house; the attacker wants what tenants approved."""

    def deploy(self):
        chain = self.chain
        self.owner, self.host, self.tenant, self.delegate, self.operator, self.treasury, self.heir = (
            chain.account(name) for name in ("owner", "host", "tenant", "delegate", "operator", "treasury", "heir")
        )
        self.price = chain.draw("price", 2, 9) * ETHER
        self.token = chain.deploy("Token", sender=self.owner)
        self.market = chain.deploy("AgentMarket", self.treasury, 500, sender=self.owner)
        self.market.accept(self.token, True, sender=self.owner)
        self.market.setOperator(self.operator, True, sender=self.owner)
        self.wallet = chain.deploy("Wallet", sender=self.tenant)
        self.savings = chain.draw("savings", 500, 900) * ETHER
        self.token.mint(self.tenant, self.savings, sender=self.owner)
        self.token.mint(self.wallet, self.savings, sender=self.owner)
        self.token.mint(self.attacker, self.price, sender=self.owner)
        self.token.approve(self.market, FOR_GOOD, sender=self.tenant)
        self.as_wallet(self.token.approve, self.market, FOR_GOOD)
        self.market.publish(self.token, self.price, sender=self.host)

    def as_wallet(self, function, *arguments):
        """Call a function as the tenant's contract account."""
        self.wallet.execute(function.to, 0, function.data(*arguments), sender=self.tenant)

    def use(self):
        market, token, price = self.market, self.token, self.price

        market.rent(0, 2, sender=self.tenant)
        assert token.balanceOf(self.host) + token.balanceOf(self.treasury) == 2 * price
        assert token.balanceOf(self.treasury) == 2 * price * 500 // 10_000
        assert token.balanceOf(self.tenant) == self.savings - 2 * price
        assert market.rentedUntil(0, self.tenant) == self.chain.timestamp + 2 * DAY

        self.as_wallet(market.rent, 0, 1)
        assert token.balanceOf(self.wallet) == self.savings - price
        assert market.isRunning(0, self.wallet)

        with self.chain.reverts():
            market.rentFor(self.tenant, 0, 1, sender=self.delegate)
        market.setDelegate(self.delegate, True, sender=self.tenant)
        market.rentFor(self.tenant, 0, 1, sender=self.delegate)
        assert token.balanceOf(self.tenant) == self.savings - 3 * price

        market.setAutoRenewLimit(0, price, sender=self.tenant)
        market.renew(self.tenant, 0, sender=self.operator)
        assert market.autoRenewLimit(self.tenant, 0) == 0
        assert token.balanceOf(self.tenant) == self.savings - 4 * price
        with self.chain.reverts():
            market.renew(self.tenant, 0, sender=self.operator)

        market.prepay(token, 3 * price, sender=self.tenant)
        market.rentPrepaid(0, 1, sender=self.tenant)
        market.takeBack(token, price, sender=self.tenant)
        assert market.prepaid(self.tenant, token) == price
        assert token.balanceOf(self.tenant) == self.savings - 6 * price
        assert token.balanceOf(self.host) == 6 * price - 6 * price * 500 // 10_000

        token.mint(market, price, sender=self.owner)
        market.sweep(token, self.treasury, sender=self.owner)
        assert token.balanceOf(market) == market.prepaidTotal(token) == price
        with self.chain.reverts():
            market.sweep(token, self.host, sender=self.host)

        market.close(0, sender=self.host)
        with self.chain.reverts():
            market.rent(0, 1, sender=self.tenant)
        market.setTerms(self.treasury, 300, sender=self.owner)
        market.handOver(self.heir, sender=self.owner)
        assert market.owner() == self.heir.address
        with self.chain.reverts():
            market.setTerms(self.treasury, 1000, sender=self.owner)

    def ordinary_day(self, day):
        if day == 0:
            self.market.rent(0, 1, sender=self.tenant)
            self.as_wallet(self.market.prepay, self.token, 2 * self.price)
        else:
            self.market.setDelegate(self.delegate, True, sender=self.tenant)
            self.market.rentFor(self.tenant, 0, 1, sender=self.delegate)
            self.as_wallet(self.market.rentPrepaid, 0, 1)

    def entry(self):
        return self.market, self.token, self.tenant

    def targets(self):
        return {"market": self.market, "token": self.token}

    @property
    def least(self):
        return self.savings * 9 // 10

    def stolen(self):
        return self.held(self.token)
