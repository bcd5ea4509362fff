"""What AI agents, and machines that are none, leave behind in a change: the built-in table.

From the agents' own sources and public pull requests, 2026. Accounts are known by their numeric id
as well as by login, for a login can be taken over: ``claude`` (81847) is a human.
"""

from __future__ import annotations

from guard.settings import AgentSettings as Agent
from guard.settings import BotSettings as Bot

AGENTS = (
    Agent(
        "Claude Code",
        logins=("claude[bot]",),
        ids=(209825114,),
        emails=("noreply@anthropic.com",),
        trailers=("Claude-Session",),
        branches=("claude/",),
        texts=(
            "Generated with [Claude Code](https://claude.ai/code)",
            "Generated with [Claude Code](https://claude.com/claude-code)",
        ),
    ),
    Agent(
        "GitHub Copilot",
        logins=("copilot-swe-agent[bot]", "Copilot"),
        ids=(198982749, 223556219),
        emails=("copilot@github.com",),
        branches=("copilot/",),
        texts=("<!-- START COPILOT CODING AGENT",),
    ),
    Agent(
        "OpenAI Codex",
        logins=("chatgpt-codex-connector[bot]",),
        ids=(199175422,),
        emails=("noreply@openai.com", "codex@openai.com"),
        branches=("codex/",),
        texts=("chatgpt.com/codex/tasks/",),
    ),
    Agent(
        "Cursor",
        logins=("cursor[bot]", "cursoragent"),
        ids=(206951365, 199161495),
        emails=("cursoragent@cursor.com",),
        branches=("cursor/",),
        texts=("CURSOR_AGENT_PR_BODY_BEGIN", "cursor.com/agents/"),
    ),
    Agent(
        "Devin",
        logins=("devin-ai-integration[bot]",),
        ids=(158243242,),
        branches=("devin/",),
        texts=("app.devin.ai/sessions/",),
    ),
    Agent(
        "Jules",
        logins=("google-labs-jules[bot]",),
        ids=(161369871,),
        texts=("PR created automatically by Jules for task",),
    ),
    Agent("aider", emails=("aider@aider.chat", "noreply@aider.chat")),
    Agent("Amp", emails=("amp@ampcode.com",), trailers=("Amp-Thread-ID",)),
    Agent("OpenHands", emails=("openhands@all-hands.dev",)),
    Agent("Sweep", logins=("sweep-ai[bot]",)),
    # A reviewer: what it suggests and someone commits is an AI's all the same.
    Agent("Gemini Code Assist", logins=("gemini-code-assist[bot]",), ids=(176961590,)),
    Agent("an agent", trailers=("Replit-Commit-Author: Agent",)),
)

NAME_ENDINGS = {"(aider)": "aider"}
"""Endings of author names; the one sign that is a name and not an address."""

BOTS = (
    Bot("Dependabot", ("dependabot[bot]",), (49699333,), ("support@dependabot.com",)),
    Bot("Renovate", ("renovate[bot]",), (29139614,), ("bot@renovateapp.com",)),
    Bot("GitHub Actions", ("github-actions[bot]",), (41898282,)),
    Bot("pre-commit.ci", ("pre-commit-ci[bot]",), (66853113,)),
    Bot("release-please", ("release-please[bot]",), (55107282,)),
    Bot("semantic-release", ("semantic-release-bot",), (), ("semantic-release-bot@martynus.net",)),
    Bot("Snyk", ("snyk-bot",), (19733683,), ("snyk-bot@snyk.io",)),
    Bot("all-contributors", ("allcontributors[bot]",), (46447321,)),
    Bot("Mergify", ("mergify[bot]",), (37929162,)),
)
"""Machines that are no AI."""
