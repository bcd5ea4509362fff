"""The AI agents and the bots that the guard knows, and what they are known by.

Taken from the agents' own sources and from public commits and pull requests; the ids are those of
GitHub's accounts (``https://api.github.com/user/ID``). A policy adds to it and takes nothing away.
"""

from __future__ import annotations

from guard.settings import AgentSettings, BotSettings

AGENTS = (
    AgentSettings(
        name="Claude Code",
        logins=("claude[bot]",),  # `claude`, id 81847, is a human
        ids=(209825114,),
        emails=("noreply@anthropic.com",),
        trailers=("Claude-Session",),
        branches=("claude/",),
        texts=(
            "Generated with [Claude Code](https://claude.ai/code)",
            "Generated with [Claude Code](https://claude.com/claude-code)",
        ),
    ),
    AgentSettings(
        name="GitHub Copilot",
        logins=("copilot-swe-agent[bot]", "Copilot"),
        # The agent, the command line, and whoever takes over a suggestion of the reviewer.
        ids=(198982749, 223556219, 175728472),
        emails=("copilot@github.com",),
        branches=("copilot/",),
        texts=("<!-- START COPILOT CODING AGENT",),
    ),
    # The account also reports alerts; it is named as an author only where Copilot wrote the fix.
    AgentSettings(
        name="Copilot Autofix",
        logins=("github-advanced-security[bot]",),
        ids=(62310815,),
    ),
    AgentSettings(
        name="OpenAI Codex",
        logins=("chatgpt-codex-connector[bot]",),
        ids=(199175422,),
        emails=("noreply@openai.com", "codex@openai.com"),
        branches=("codex/",),
        texts=("chatgpt.com/codex/tasks/",),
    ),
    AgentSettings(
        name="Cursor",
        logins=("cursor[bot]", "cursoragent"),
        ids=(206951365, 199161495),
        emails=("cursoragent@cursor.com",),
        branches=("cursor/",),
        texts=("CURSOR_AGENT_PR_BODY_BEGIN", "cursor.com/agents/"),
    ),
    AgentSettings(
        name="Devin",
        logins=("devin-ai-integration[bot]",),
        ids=(158243242,),
        branches=("devin/",),
        texts=("app.devin.ai/sessions/",),
    ),
    AgentSettings(
        name="Jules",
        logins=("google-labs-jules[bot]",),
        ids=(161369871,),
        texts=("PR created automatically by Jules for task",),
    ),
    # aider puts its mark on the committer's name of a human's commits too: the author's counts.
    AgentSettings(
        name="aider",
        emails=("aider@aider.chat", "noreply@aider.chat"),
        names=("(aider)",),
    ),
    AgentSettings(name="Amp", emails=("amp@ampcode.com",), trailers=("Amp-Thread-ID",)),
    AgentSettings(name="OpenHands", emails=("openhands@all-hands.dev",)),
    AgentSettings(name="Sweep", logins=("sweep-ai[bot]",)),
    AgentSettings(name="Replit Agent", trailers=("Replit-Commit-Author: Agent",)),
    AgentSettings(name="Gemini CLI", logins=("gemini-cli",), ids=(218195315,)),
    # Reviewers: they are named as authors where someone took over what they suggested.
    AgentSettings(name="Gemini Code Assist", logins=("gemini-code-assist[bot]",), ids=(176961590,)),
    AgentSettings(name="CodeRabbit", logins=("coderabbitai[bot]",), ids=(136622811,)),
)

BOTS = (
    BotSettings(
        name="Dependabot",
        logins=("dependabot[bot]", "dependabot-preview[bot]"),
        ids=(49699333,),
    ),
    BotSettings(
        name="Renovate",
        logins=("renovate[bot]",),
        ids=(29139614,),
        emails=("bot@renovateapp.com", "renovate@whitesourcesoftware.com"),
    ),
    BotSettings(name="GitHub Actions", logins=("github-actions[bot]",), ids=(41898282,)),
    BotSettings(name="pre-commit.ci", logins=("pre-commit-ci[bot]",), ids=(66853113,)),
    BotSettings(name="autofix.ci", logins=("autofix-ci[bot]",)),
    BotSettings(name="Release Please", logins=("release-please[bot]",)),
    BotSettings(name="semantic-release", emails=("semantic-release-bot@martynus.net",)),
    BotSettings(name="All Contributors", logins=("allcontributors[bot]",)),
    BotSettings(name="GitHub merge queue", logins=("github-merge-queue[bot]",)),
    BotSettings(name="Mergify", logins=("mergify[bot]",)),
    BotSettings(name="Kodiak", logins=("kodiakhq[bot]",)),
    BotSettings(name="bors", logins=("bors[bot]",)),
    BotSettings(name="Snyk", emails=("snyk-bot@snyk.io",)),
    BotSettings(name="Weblate", emails=("hosted@weblate.org",)),
)

FORGES = frozenset({"noreply@github.com"})
"""Who commits what a forge itself makes: merges, reverts and edits in its web pages."""
