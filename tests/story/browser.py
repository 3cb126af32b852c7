"""A real browser without a screen: Debian's chromium, driven through its own chromedriver."""

import base64
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

FLAGS = (
    "--headless",
    "--no-sandbox",  # root in a container has no user namespaces to make one with
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)
PHONE, DESK = 390, 1280


def missing_browser() -> str:
    """Return what is missing for a browser, "" where nothing is."""
    return (
        ""
        if shutil.which("chromium") and shutil.which("chromedriver")
        else "apt-get install chromium chromium-driver"
    )


def require_browser() -> None:
    """Skip the test without a browser, or fail it where BITSEC_REQUIRE_BROWSER is set."""
    if missing_browser() and not os.environ.get("BITSEC_REQUIRE_BROWSER"):
        pytest.skip(f"no browser: {missing_browser()}")


class Browser:
    """One window; `look` opens a page in it at a width in CSS pixels."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def look(self, url: str, width: int = DESK, *, dark: bool = False) -> None:
        """Open a page as it is at this width, in the light or the dark."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width == PHONE}
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self._driver.get(url)

    def find(self, selector: str) -> list[WebElement]:
        """Return the elements a CSS selector finds."""
        return self._driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """Return what a reader sees of the elements a CSS selector finds."""
        return [" ".join(element.text.split()) for element in self.find(selector)]

    def follow(self, link: str) -> None:
        """Follow the first link of this text."""
        self._driver.find_element(By.LINK_TEXT, link).click()

    @property
    def url(self) -> str:
        """Where the browser is."""
        return self._driver.current_url

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        root = "document.documentElement"
        return int(self._driver.execute_script(f"return {root}.scrollWidth - {root}.clientWidth"))

    def complaints(self) -> list[str]:
        """What the browser's console holds against the page."""
        return [each["message"] for each in self._driver.get_log("browser")]

    def picture(self, file: Path, most_height: int = 1600) -> None:
        """Write the whole page, at most so many pixels of it, as a PNG."""
        size = self._driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], most_height), "scale": 1}
        options = {"format": "png", "captureBeyondViewport": True, "clip": clip, "optimizeForSpeed": False}
        taken = self._driver.execute_cdp_cmd("Page.captureScreenshot", options)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(taken["data"]))


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Return a browser with a profile of its own, gone at the end."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ChromeOptions()
        options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = Chrome(options=options, service=Service(shutil.which("chromedriver") or "/usr/bin/chromedriver"))
        try:
            yield Browser(driver)
        finally:
            driver.quit()
