# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a person at the terminal, from the worker that ansible-playbook runs a task in.

Ansible's own prompt has the terminal echo whatever key is pressed, arrows included, and erases the line in the end. So it is used to show the
text and to say whether somebody is there at all; the line is read here, where the terminal can be had.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import signal
import stat
import termios
import threading
import typing as t

from ansible.errors import AnsiblePromptInterrupt, AnsiblePromptNoninteractive
from ansible.utils.display import Display

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NotAnswered
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._printable import width

__all__ = ["Line", "ask"]

_display = Display()

_INTERRUPT, _END, _ESCAPE = "\x03", "\x04", "\x1b"


def ask(question: str) -> str | None:
    """Put a question to the person at the terminal.

    Args:
        question: What is asked. The answer is typed behind its last line.

    Returns:
        The line typed, without what only moves the cursor, and without spaces around it; None where there is no terminal.

    Raises:
        NotAnswered: The person pressed Ctrl-C, or Ctrl-D on an empty line, or the terminal is gone.
    """
    text, _newline, last = question.rpartition("\n")
    terminal = _open_terminal()
    try:
        if terminal is None:
            answer, on_screen = _typed(_prompt(question)), False
        else:
            _prompt(text, seconds=0)  # it is on the screen when this returns
            answer, on_screen = _read_line(terminal, last), _is_output(terminal)
    except AnsiblePromptNoninteractive:
        return None
    except AnsiblePromptInterrupt as error:
        raise NotAnswered from error
    finally:
        if terminal is not None:
            os.close(terminal)
    _display.display(last + answer, log_only=on_screen)
    return answer.strip()


def _prompt(text: str, seconds: int | None = None) -> bytes:
    """Show a text and wait for a line, so many seconds. Raises AnsiblePromptNoninteractive without a terminal."""
    return bytes(_display.prompt_until(text, seconds=seconds))


def _open_terminal() -> int | None:
    """Return the terminal that ansible-playbook reads from; None where a worker cannot read from it."""
    main = os.getppid()
    try:
        if os.getsid(0) == os.getsid(main):  # then the worker is in the background there, and would be stopped
            return None
        terminal = os.open(f"/proc/{main}/fd/0", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None
    if os.isatty(terminal):
        return terminal
    os.close(terminal)
    return None


def _is_output(terminal: int) -> bool:
    """Return whether what ansible-playbook prints is seen on this terminal."""
    try:
        output = os.stat(f"/proc/{os.getppid()}/fd/1")
    except OSError:
        return False
    return stat.S_ISCHR(output.st_mode) and output.st_rdev == os.fstat(terminal).st_rdev


def _read_line(terminal: int, question: str) -> str:
    """Ask and read one line, key by key; the terminal is as before when this ends. Raises NotAnswered."""
    line, decoder = Line(), codecs.getincrementaldecoder("utf-8")("replace")
    try:
        with _key_by_key(terminal):
            _write(terminal, question)
            while not line.ended:
                pressed = os.read(terminal, 1024)
                if not pressed:
                    raise NotAnswered
                _write(terminal, "".join(line.press(key) for key in decoder.decode(pressed)))
            _write(terminal, "\n")
    except (OSError, termios.error) as error:
        raise NotAnswered from error
    if line.given_up:
        raise NotAnswered
    return line.text


@contextlib.contextmanager
def _key_by_key(terminal: int) -> t.Iterator[None]:
    """Have the terminal pass on each key without a sign of it; as before afterwards, also if the run is told to end meanwhile."""
    before, keys = termios.tcgetattr(terminal), termios.tcgetattr(terminal)
    keys[0] &= ~(termios.ICRNL | termios.IXON)
    keys[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)

    def restore() -> None:
        with contextlib.suppress(OSError, termios.error):  # the terminal may be gone
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)

    def end(signum: int, frame: t.Any) -> None:
        restore()
        if callable(then := handlers[signum]):
            then(signum, frame)

    handlers: dict[int, t.Any] = {}
    if threading.current_thread() is threading.main_thread():
        handlers |= {signum: signal.signal(signum, end) for signum in (signal.SIGTERM, signal.SIGINT)}
    try:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, keys)  # what was typed before the question is no answer to it
        yield
    finally:
        restore()
        for signum, handler in handlers.items():
            signal.signal(signum, handler)


def _write(terminal: int, text: str) -> None:
    data = text.encode("utf-8", "replace")
    while data:
        data = data[os.write(terminal, data) :]


def _typed(pressed: bytes) -> str:
    """Return what is left of the keys pressed where the terminal was read by Ansible. Raises NotAnswered."""
    line = Line()
    for key in pressed.decode("utf-8", "replace"):
        line.press(key)
    if line.given_up:
        raise NotAnswered
    return line.text


class Line:
    """A line that is being typed. ``text`` is what it holds, ``ended`` whether it is complete, ``given_up`` whether it was left."""

    def __init__(self) -> None:
        self.text = ""
        self.ended = self.given_up = False
        self._sequence = ""

    def press(self, key: str) -> str:
        """Take one key, as one character, and return what the terminal is to print for it."""
        if self.ended:
            return ""
        if self._sequence or key == _ESCAPE:
            self._in_sequence(key)
        elif key in "\r\n":
            self.ended = True
        elif key == _INTERRUPT or (key == _END and not self.text):
            self.ended = self.given_up = True
        elif key in "\x7f\x08":
            return self._erase(1)
        elif key == "\x15":  # Ctrl-U
            return self._erase(len(self.text))
        elif key == "\x17":  # Ctrl-W
            return self._erase(len(self.text) - len(" ".join(self.text.split(" ")[:-1])))
        elif key.isprintable():
            self.text += key
            return key
        return ""

    def _erase(self, count: int) -> str:
        gone, self.text = self.text[len(self.text) - count :], self.text[: len(self.text) - count]
        return "\b \b" * width(gone)

    def _in_sequence(self, key: str) -> None:
        """Pass over what an arrow, Home, F1 and the like send: ESC, then one character, or "[" or "O" and all up to a letter or "~"."""
        self._sequence += key
        begun = self._sequence[1:2] in ("[", "O")
        if len(self._sequence) > 1 and not (begun and (len(self._sequence) == 2 or not "@" <= key <= "~")):
            self._sequence = ""
