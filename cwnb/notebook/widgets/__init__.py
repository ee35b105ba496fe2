"""What a browser shows of answers: views in plain JavaScript, each with a small object behind it.

A view holds no logic: it turns gestures into calls of an `Exploration` and answers into texts.
"""

from __future__ import annotations
