"""A pool of stakes with two holders and rewards that wait for the harvest; a third one comes and goes around it."""

from bitsec_eval import ETHER, Scenario

FEE = 1500
WHOLE = 10_000


class Vault(Scenario):
    """Rewards are pending; the operator harvests between the attacker's two moves, as operators do."""

    dust = 10_000

    def deploy(self):
        chain = self.chain
        self.operator, self.alice, self.bob, self.maker, self.next = (
            chain.account(name) for name in ("operator", "alice", "bob", "maker", "next operator")
        )
        self.stake = chain.draw("stake", 500, 900) * ETHER
        self.rewards = chain.draw("rewards", 100, 300) * ETHER
        self.asset = chain.deploy("Token", sender=self.maker)
        self.pool = chain.deploy("StakePool", self.asset, sender=self.maker)
        self.vault = chain.deploy("LiquidRon", self.asset, self.pool, FEE, sender=self.operator)
        self.wallet = chain.deploy("Wallet", sender=self.bob)
        self.asset.mint(self.maker, 10 * self.rewards, sender=self.maker)
        self.asset.approve(self.pool, 10 * self.rewards, sender=self.maker)
        for holder in (self.alice, self.wallet, self.attacker):
            self.asset.mint(holder, self.stake, sender=self.maker)
        self.asset.approve(self.vault, self.stake, sender=self.alice)
        self.as_wallet(self.asset.approve, self.vault, self.stake)
        self.vault.deposit(self.stake, sender=self.alice)
        self.as_wallet(self.vault.deposit, self.stake)
        self.vault.stakeIdle(self.stake, sender=self.operator)
        self.pool.reward(self.vault, self.rewards, sender=self.maker)

    def as_wallet(self, function, *arguments):
        """Call a function as Bob's contract account."""
        self.wallet.execute(function.to, 0, function.data(*arguments), sender=self.bob)

    def use(self):
        vault, asset = self.vault, self.asset
        cut = self.rewards * FEE // WHOLE
        worth = (2 * self.stake + self.rewards - cut) // 2

        assert abs(vault.totalAssets() - 2 * worth) < 10
        vault.harvest(sender=self.operator)
        vault.fetchOperatorFee(sender=self.operator)
        assert asset.balanceOf(self.operator) == cut
        assert abs(vault.convertToAssets(vault.balanceOf(self.alice)) - worth) < 10**6

        vault.requestExit(vault.balanceOf(self.alice) // 2, sender=self.alice)
        with self.chain.reverts():
            vault.stakeIdle(asset.balanceOf(vault), sender=self.operator)
        vault.leave(sender=self.alice)
        assert abs(asset.balanceOf(self.alice) - worth // 2) < 10**6

        vault.unstake(self.stake, sender=self.operator)
        self.as_wallet(vault.requestExit, vault.balanceOf(self.wallet))
        self.as_wallet(vault.leave)
        assert abs(asset.balanceOf(self.wallet) - worth) < 10**6
        asset.approve(vault, self.stake, sender=self.alice)
        before = vault.balanceOf(self.alice)
        vault.deposit(self.stake // 4, sender=self.alice)
        assert vault.balanceOf(self.alice) > before

        self.pool.reward(vault, self.rewards, sender=self.maker)
        vault.setOperatorFee(FEE // 3, sender=self.operator)
        vault.fetchOperatorFee(sender=self.operator)
        assert asset.balanceOf(self.operator) == 2 * cut
        vault.setOperator(self.next, sender=self.operator)
        for function in (vault.harvest, vault.fetchOperatorFee):
            with self.chain.reverts():
                function(sender=self.operator)
        self.pool.reward(vault, self.rewards, sender=self.maker)
        vault.harvest(sender=self.next)
        vault.fetchOperatorFee(sender=self.next)
        assert asset.balanceOf(self.next) == self.rewards * (FEE // 3) // WHOLE

    def attack(self, exploit):
        self.asset.transfer(exploit, self.stake, sender=self.attacker)
        exploit.enter(self.vault, self.asset)
        self.vault.harvest(sender=self.operator)
        exploit.finish(self.vault, self.asset)

    def ordinary_day(self, day):
        if day == 0:
            self.vault.harvest(sender=self.operator)
            self.vault.requestExit(self.vault.balanceOf(self.alice) // 10, sender=self.alice)
        else:
            self.vault.fetchOperatorFee(sender=self.operator)
            self.vault.leave(sender=self.alice)

    def targets(self):
        return {"vault": self.vault, "asset": self.asset}

    @property
    def least(self):
        # A third of all shares, and with them a third of the operator's cut.
        return self.rewards * FEE // WHOLE * 3 // 10 * 9 // 10

    def stolen(self):
        return self.held(self.asset)
