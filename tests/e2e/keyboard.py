"""A page as somebody without a mouse uses it."""

from playwright.sync_api import Page

# What can be used now, and whether the one in focus shows that it is.
KEYBOARD = """
window.reached = new Set();
window.here = () => document.activeElement ?? document.body;
window.usable = () => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter((one) => !one.disabled && one.tabIndex >= 0 && one.type !== "hidden")
  .filter((one) => !one.closest("[hidden]") && one.checkVisibility())
  .filter((one) => one.type !== "radio" || one.checked);
window.describe = (one) => one.getAttribute("aria-label") || one.innerText?.trim() || one.id || one.outerHTML;
// The browser's own player marks its buttons itself, out of our sight.
window.marked = (one) => one.matches("audio, video") ||
  [one, one.parentElement, one.closest(".row"), one.closest("label")].some((shown) => {
    const style = shown && getComputedStyle(shown);
    return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  });
true;
"""


def focused(page: Page) -> str:
    return str(page.evaluate("describe(here())"))


def tab_to(page: Page, name: str, presses: int = 200) -> None:
    """Press Tab until what is called `name` has the focus."""
    page.evaluate(KEYBOARD)
    for _ in range(presses):
        page.keyboard.press("Tab")
        if name in focused(page):
            return
    raise AssertionError(f"{name!r} was not reached in {presses} presses of Tab")
