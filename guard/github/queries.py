"""What GitHub is asked, in GraphQL: one query a run, and the pages that it needs.

Values go in as variables, never into the text. The sizes of pages bound the points that a call
costs ("Rate limits and query limits for the GraphQL API": one for each hundred of the requests that
the connections would take).
"""

from __future__ import annotations

OPEN_PAGE = 50
MERGED_PAGE = 25
REVIEW_PAGE = 30
COMMIT_PAGE = 100
DEPLOYMENT_PAGE = 50
FEW_COMMITS = 20
"""Of each of many pull requests; who has more is asked for alone."""

_LIMIT = "rateLimit { cost remaining resetAt }"

_PERSON = """
fragment person on Actor {
  __typename
  login
  ... on User { databaseId }
  ... on Bot { databaseId }
}
"""

_REVIEW = """
fragment review on PullRequestReview {
  id
  state
  submittedAt
  authorCanPushToRepository
  author { ...person }
  commit { oid tree { oid } }
}
"""

_PULL = f"""
fragment pull on PullRequest {{
  id
  number
  title
  body
  isDraft
  headRefName
  headRefOid
  baseRefName
  createdAt
  updatedAt
  author {{ ...person }}
  labels(first: 50) {{ totalCount nodes {{ name }} }}
  assignees(first: 10) {{ nodes {{ ...person }} }}
  reviews(first: {REVIEW_PAGE}, states: [APPROVED, CHANGES_REQUESTED, DISMISSED]) {{
    totalCount
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ ...review }}
  }}
  head: commits(last: 1) {{
    totalCount
    nodes {{
      commit {{
        oid
        checkSuites(first: 3, filterBy: {{checkName: $check}}) {{
          totalCount
          nodes {{
            app {{ slug }}
            checkRuns(first: 1, filterBy: {{checkName: $check, checkType: LATEST}}) {{
              nodes {{ databaseId status conclusion externalId }}
            }}
          }}
        }}
      }}
    }}
  }}
  mergeQueueEntry {{ id state }}
}}
"""

_MADE = """
fragment made on PullRequestCommitConnection {
  totalCount
  pageInfo { hasNextPage endCursor }
  nodes {
    commit {
      oid
      author { email user { login databaseId } }
      committer { email user { login databaseId } }
      authors(first: 10) { nodes { name email user { login databaseId } } }
    }
  }
}
"""

_TEAMS = """
fragment teams on PullRequestReviewConnection {
  nodes { id onBehalfOf(first: 5) { nodes { slug } } }
}
"""

SURVEY = f"""
query survey(
  $owner: String!, $name: String!, $target: String!, $ref: String!, $check: String!
  $after: String, $number: Int!, $one: Boolean!
  $environments: [String!], $staged: Boolean!
) {{
  {_LIMIT}
  repository(owner: $owner, name: $name) {{
    id
    ref(qualifiedName: $ref) {{ target {{ oid }} }}
    pull: pullRequest(number: $number) @include(if: $one) {{
      ...pull
      made: commits(first: {COMMIT_PAGE}) {{ ...made }}
      approvals: reviews(last: 10, states: [APPROVED]) {{ ...teams }}
    }}
    open: pullRequests(
      states: OPEN, baseRefName: $target, first: {OPEN_PAGE}, after: $after
      orderBy: {{field: CREATED_AT, direction: ASC}}
    ) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...pull }}
    }}
    merged: pullRequests(
      states: MERGED, baseRefName: $target, first: {MERGED_PAGE}
      orderBy: {{field: UPDATED_AT, direction: DESC}}
    ) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...landed }}
    }}
    mergeQueue(branch: $target) {{
      configuration {{ mergeMethod }}
      entries(first: 100) {{
        totalCount
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ ...entry }}
      }}
    }}
    deployments(
      environments: $environments, first: 30
      orderBy: {{field: CREATED_AT, direction: DESC}}
    ) @include(if: $staged) {{
      nodes {{ ...deployed }}
    }}
  }}
}}
"""

_LANDED = """
fragment landed on PullRequest {
  number
  title
  body
  headRefName
  headRefOid
  updatedAt
  author { ...person }
  mergeCommit { oid }
}
"""

_ENTRY = """
fragment entry on MergeQueueEntry {
  position
  enqueuer { ...person }
  baseCommit { oid }
  headCommit { oid }
  pullRequest { number }
}
"""

_DEPLOYED = """
fragment deployed on Deployment {
  id
  commitOid
  commit { tree { oid } }
  environment
  createdAt
  creator { login }
  latestStatus { id }
  statuses(first: 20) { totalCount nodes { id state createdAt } }
}
"""

SURVEY += _DEPLOYED + _PERSON + _REVIEW + _PULL + _MADE + _TEAMS + _LANDED + _ENTRY

OPEN = (
    f"""
query open(
  $owner: String!, $name: String!, $target: String!, $check: String!, $after: String
) {{
  {_LIMIT}
  repository(owner: $owner, name: $name) {{
    open: pullRequests(
      states: OPEN, baseRefName: $target, first: {OPEN_PAGE}, after: $after
      orderBy: {{field: CREATED_AT, direction: ASC}}
    ) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...pull }}
    }}
  }}
}}
"""
    + _PERSON
    + _REVIEW
    + _PULL
)

MERGED = (
    f"""
query merged($owner: String!, $name: String!, $target: String!, $after: String) {{
  {_LIMIT}
  repository(owner: $owner, name: $name) {{
    merged: pullRequests(
      states: MERGED, baseRefName: $target, first: 100, after: $after
      orderBy: {{field: UPDATED_AT, direction: DESC}}
    ) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...landed }}
    }}
  }}
}}
"""
    + _PERSON
    + _LANDED
)

ENTRIES = (
    f"""
query entries($owner: String!, $name: String!, $target: String!, $after: String) {{
  {_LIMIT}
  repository(owner: $owner, name: $name) {{
    mergeQueue(branch: $target) {{
      entries(first: 100, after: $after) {{
        totalCount
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ ...entry }}
      }}
    }}
  }}
}}
"""
    + _PERSON
    + _ENTRY
)

REVIEWS = (
    f"""
query reviews($id: ID!, $after: String) {{
  {_LIMIT}
  node(id: $id) {{
    ... on PullRequest {{
      reviews(
        first: 100, after: $after, states: [APPROVED, CHANGES_REQUESTED, DISMISSED]
      ) {{
        totalCount
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ ...review }}
      }}
    }}
  }}
}}
"""
    + _PERSON
    + _REVIEW
)

_SHOWN = """
fragment shown on PullRequest {
  number
  headRefOid
  head: commits(last: 1) {
    nodes {
      commit {
        oid
        checkSuites(first: 3, filterBy: {checkName: $check}) {
          totalCount
          nodes {
            checkRuns(first: 1, filterBy: {checkName: $check, checkType: LATEST}) {
              nodes { databaseId status conclusion externalId }
            }
          }
        }
      }
    }
  }
}
"""

SHOWN = (
    f"""
query shown($ids: [ID!]!, $check: String!) {{
  {_LIMIT}
  nodes(ids: $ids) {{ ...shown }}
}}
"""
    + _SHOWN
)

DEPLOYMENTS = (
    f"""
query deployments($owner: String!, $name: String!, $there: [String!], $staging: [String!]) {{
  {_LIMIT}
  repository(owner: $owner, name: $name) {{
    there: deployments(
      environments: $there, first: {DEPLOYMENT_PAGE}
      orderBy: {{field: CREATED_AT, direction: DESC}}
    ) {{ totalCount nodes {{ ...deployed }} }}
    staging: deployments(
      environments: $staging, first: {DEPLOYMENT_PAGE}
      orderBy: {{field: CREATED_AT, direction: DESC}}
    ) {{ totalCount nodes {{ ...deployed }} }}
  }}
}}
"""
    + _DEPLOYED
)

MAKERS = (
    f"""
query makers($ids: [ID!]!) {{
  {_LIMIT}
  nodes(ids: $ids) {{
    ... on PullRequest {{
      id
      number
      made: commits(first: {FEW_COMMITS}) {{ ...made }}
      approvals: reviews(last: 10, states: [APPROVED]) {{ ...teams }}
    }}
  }}
}}
"""
    + _MADE
    + _TEAMS
)

MADE = (
    f"""
query made($id: ID!, $after: String) {{
  {_LIMIT}
  node(id: $id) {{
    ... on PullRequest {{
      made: commits(first: {COMMIT_PAGE}, after: $after) {{ ...made }}
    }}
  }}
}}
"""
    + _MADE
)


def commits(number: int, names: int) -> str:
    """The query for what checks said of commits.

    ``number`` commits are given as ``$oid0`` and so on, the ``names`` of the checks as ``$name0``.
    """
    declared = [f"$oid{n}: GitObjectID!" for n in range(number)]
    declared += [f"$name{n}: String!" for n in range(names)]
    asked = "\n".join(f"    c{n}: object(oid: $oid{n}) {{ ...checked }}" for n in range(number))
    suites = "\n".join(_SUITES.replace("NUMBER", str(n)) for n in range(names))
    return f"""
query commits($owner: String!, $name: String!, {", ".join(declared)}) {{
  {_LIMIT}
  repository(owner: $owner, name: $name) {{
{asked}
  }}
}}

fragment checked on Commit {{
  oid
{suites}
}}
"""


_SUITES = """
  sNUMBER: checkSuites(first: 10, filterBy: {checkName: $nameNUMBER}) {
    totalCount
    nodes {
      app { slug }
      checkRuns(first: 5, filterBy: {checkName: $nameNUMBER, checkType: LATEST}) {
        totalCount
        nodes { name status conclusion completedAt detailsUrl }
      }
    }
  }
"""


def check_runs(number: int) -> str:
    """The mutation that makes ``number`` check runs, given as ``$run0`` and so on."""
    declared = ", ".join(f"$run{n}: CreateCheckRunInput!" for n in range(number))
    asked = "\n".join(
        f"  m{n}: createCheckRun(input: $run{n}) {{ checkRun {{ databaseId status conclusion }} }}"
        for n in range(number)
    )
    return f"mutation runs({declared}) {{\n{asked}\n}}\n"


REPOSITORY = """
query repository($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { id }
}
"""

ENQUEUE = """
mutation enqueue($input: EnqueuePullRequestInput!) {
  enqueuePullRequest(input: $input) { mergeQueueEntry { id } }
}
"""

COMMENT = """
mutation comment($input: AddCommentInput!) {
  addComment(input: $input) { commentEdge { node { id } } }
}
"""

EDIT_COMMENT = """
mutation edit($input: UpdateIssueCommentInput!) {
  updateIssueComment(input: $input) { issueComment { id } }
}
"""

COMMENTS = f"""
query comments($id: ID!) {{
  {_LIMIT}
  node(id: $id) {{
    ... on PullRequest {{ comments(last: 100) {{ nodes {{ id body viewerDidAuthor }} }} }}
  }}
}}
"""
