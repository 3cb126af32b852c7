"""A vesting of ten steps and a market for what is locked: one early lot and one of a late seller."""

from bitsec_eval import ETHER, Scenario

STEP = 30 * 24 * 3600
STEPS = 10
PASSED = 5


class Vesting(Scenario):
    """Half of the steps have passed; the late seller has claimed them all, so nothing of that lot is released."""

    dust = 1000
    unused = ("park", "unpark")  # the market's own

    def deploy(self):
        chain = self.chain
        self.issuer, self.early, self.late, self.buyer, self.idle = (
            chain.account(name) for name in ("issuer", "early", "late", "buyer", "idle")
        )
        self.amount = chain.draw("amount", 200, 900) * 10 * ETHER
        self.price = chain.draw("price", 20, 90) * ETHER
        self.token = chain.deploy("Token", sender=self.issuer)
        self.currency = chain.deploy("Token", sender=self.issuer)
        self.vesting = chain.deploy("StepVesting", self.token, STEP, STEPS, sender=self.issuer)
        self.market = chain.deploy("VestingMarket", self.vesting, self.currency, sender=self.issuer)
        self.vesting.setMarket(self.market, sender=self.issuer)
        self.wallet = chain.deploy("Wallet", sender=self.idle)
        self.token.mint(self.issuer, 3 * self.amount, sender=self.issuer)
        self.token.approve(self.vesting, 3 * self.amount, sender=self.issuer)
        for holder in (self.early, self.late, self.wallet):
            self.vesting.issue(holder, self.amount, sender=self.issuer)
        for holder in (self.buyer, self.attacker):
            self.currency.mint(holder, 10 * self.price, sender=self.issuer)
        self.market.offer(self.amount // 2, self.price, sender=self.early)
        chain.wait(PASSED * STEP)
        self.vesting.claim(sender=self.late)
        self.market.offer(self.amount // 4, self.price, sender=self.late)

    def use(self):
        vesting, market, token, amount, price = self.vesting, self.market, self.token, self.amount, self.price
        step = amount // STEPS

        assert token.balanceOf(self.late) == PASSED * step
        assert vesting.claimable(self.late) == 0
        self.wallet.execute(vesting.address, 0, vesting.claim.data(), sender=self.idle)
        assert token.balanceOf(self.wallet) == PASSED * step
        vesting.claim(sender=self.early)
        assert token.balanceOf(self.early) == PASSED * step // 2

        self.currency.approve(market, price, sender=self.buyer)
        market.buy(0, sender=self.buyer)
        assert self.currency.balanceOf(self.early) == price
        assert vesting.available(self.buyer) == amount // 2
        with self.chain.reverts():
            market.buy(0, sender=self.buyer)

        with self.chain.reverts():
            market.withdraw(1, sender=self.early)
        market.withdraw(1, sender=self.late)
        assert vesting.available(self.late) == amount - PASSED * step
        market.offer(amount // 4, price, sender=self.late)
        assert market.lots(2)[0] == self.late.address
        with self.chain.reverts():
            vesting.issue(self.idle, 1, sender=self.idle)

        self.chain.wait(STEP)
        vesting.claim(sender=self.late)
        assert abs(token.balanceOf(self.late) - PASSED * step - step // 2) <= STEPS
        self.chain.wait(STEPS * STEP)
        for holder in (self.early, self.late, self.buyer):
            vesting.claim(sender=holder)
        self.wallet.execute(vesting.address, 0, vesting.claim.data(), sender=self.idle)
        held = [token.balanceOf(each) for each in (self.early, self.late, self.buyer, self.wallet)]
        assert held == [amount // 2, amount - amount // 4, amount // 2, amount]

    def attack(self, exploit):
        self.currency.transfer(exploit, self.price, sender=self.attacker)
        exploit.run(self.market, self.vesting, self.currency, 1)

    def targets(self):
        return {"market": self.market, "vesting": self.vesting, "currency": self.currency, "token": self.token}

    @property
    def least(self):
        return self.amount // 4 * PASSED // STEPS * 9 // 10

    def stolen(self):
        return self.held(self.token)
