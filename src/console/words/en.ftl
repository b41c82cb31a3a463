# The console in English. Each message is in pt.ftl too; a test compares the two.

## The frame of every page
skip = Skip to the content
search-label = Search
search-placeholder = Customer, service, document, box, port, order or workflow
theme-auto = As the system
theme-light = Light
theme-dark = Dark
sign-out = Sign out
menu-label = Menu
menu-overview = Overview
menu-workflows = Workflows
menu-integrations = Integrations
menu-discrepancies = Discrepancies
menu-map = Map
menu-schedules = Schedules
menu-acts = Audit
menu-about = About
menu-tokens = Tokens
role-enqueue = program
role-viewer = viewer
role-operator = operator
role-admin = admin
time-ago = { $time } ago
time-in = in { $time }
count-workflows = { $count ->
    [one] { $shown } workflow
   *[other] { $shown } workflows
}
to-overview = Back to the overview

## Signing in
login-title = Sign in
login-about = The bridge between HubSoft and the mapping platform.
login-token = Token
login-hint = Ask whoever administers enlace for a token. It is made by: enlace tokens create
login-enter = Sign in
login-wrong = This token is not known here, or was taken back. Check that it was copied whole, or ask for another.
login-throttled = Too many failed attempts. Wait a minute and try again.
login-program = This token is a program's: it only starts workflows. To sign in, ask for one of a viewer, operator or admin.

## What went wrong
failed-title = Something went wrong on our side
failed-ours = Nothing was stored. enlace's log says what happened; try again and, if it goes on, tell whoever administers it.
failed-again = Somebody else is changing the same rows. Try again.
failed-forbidden = Your token does not allow this
failed-role = Your token's role is { $role }. Ask an administrator, or sign in with another.
failed-stale = The form is of another session
failed-stale-text = Nothing was done. Go back, reload the page and send it again.
failed-invalid = A field cannot be taken
failed-missing = There is no such thing
failed-not-now = This makes no sense now
failed-later = Try again in a moment
failed-nowhere = There is no page at { $path }.

## Words of the domain
status-queued = queued
status-running = running
status-waiting = waiting
status-paused = paused
status-parked = waits for a person
status-succeeded = done
status-not-applicable = not applicable
status-superseded = superseded
status-failed = failed
status-cancelled = cancelled
kind-sync = sync
kind-bind = bind
kind-unbind = unbind
kind-migrate = migrate
kind-retirement = retirement
kind-viability = viability
kind-registration = registration
upstream-open = up
upstream-slowed = coming back slowly
upstream-closed = closed
upstream-until = until { $at }
upstream-until-opened = until somebody opens it
phase-begun = beginning
phase-boxes = boxes
phase-splitters = splitters
phase-poles = poles
phase-cables = cables
phase-occupants = customers on ports
phase-missing = what is gone
phase-finished = finished
phase-failed = failed
parked-attempts-spent = attempts are spent
parked-rejected = refused by the platform or a rule
parked-outcome-unknown = nobody knows whether they reached the platform
parked-approval = ask for approval
parked-bug = a defect of enlace
parked-undecodable = this build of enlace does not know them
parked-going-in-circles = go in circles
integration-inactive = inactive

## Overview
overview-people = Waiting for you
overview-nobody = Nothing waits for a person.
overview-oldest = the oldest { $ago }
overview-discrepancies = discrepancies between HubSoft and the platform
overview-waiting = { $count ->
    [one] { $shown } workflow waits for it
   *[other] { $shown } workflows wait for it
}
overview-syncing = Syncing
overview-synced = Last sync { $ago }
overview-never-synced = Never synced
overview-first-integration = Create the first integration
overview-stands = Unfinished
overview-idle = Nothing unfinished: all that HubSoft committed is on the platform.

## Workflows: words of lists and forms
any = all
yes = yes
no = no
back = Back
reason = Reason
parked-upstream = wait for the platform
parked-key = wait for other work
parked-time = wait for a time
filter-kind = Workflow
filter-status = Status
filter-reason = Waiting for what
filter-integration = Integration
filter-since = Since
filter-until = Until
filter-text = Text
filter-port = Port
filter-service = Service
filter-customer = Customer
filter-apply = Filter
filter-clear = Clear
list-newest = Newest
list-older = Older
col-when = When
col-about = Customer and port
col-why = Why
col-step = Step
col-done = What was done
col-outcome = Outcome
col-took = Took
col-calls = Calls to the platform
col-act = Act
col-person = Who
col-reason = Reason
col-field = Field
col-before = Before
col-after = After
col-changed = Change
fact-id-porta-atendimento = port
fact-id-porta-atendimento-antiga = old port
fact-id-cliente-servico = service
fact-id-cliente-servico-antigo = old service
fact-id-ordem-servico = order
fact-id-integracao = integration
fact-id-projeto = project
fact-forcar-troca-porta = force the change of port
fact-forcar-remocao-reserva = force the removal of the reservation
fact-latitude = latitude
fact-longitude = longitude
fact-endereco = address
fact-raio = radius (m)
fact-detalhar-portas = ports in detail
fact-state = state
fact-why = why
fact-phase = phase
fact-external-id = number on the platform
fact-items = { $count ->
    [one] { $shown } item
   *[other] { $shown } items
}
outcome-done = done
outcome-failed = failed
outcome-unknown = not known
outcome-again = again later
outcome-throttled = the platform asked for a pause
outcome-lost = the worker was lost
outcome-parked = stopped for a person
act-retry = Retry
act-skip = Skip
act-resolve = Say whether it was done
act-approve = Approve
act-refuse = Refuse
act-pause = Pause
act-resume = Resume
act-cancel = Cancel
act-hint-retry = Goes on now from the step that failed, with fresh attempts.
act-hint-skip = Ends without doing it: nobody needs it on the platform any more.
act-hint-approve = Lets it do what it asks about.
act-hint-refuse = Forbids what it asks about; it ends without doing that.
act-hint-pause = Stops between two steps and keeps its place in the order.
act-hint-resume = Goes on from where it stopped.
act-hint-cancel = Calls it off. What is already done on the platform stays as it is.

## Workflows: the list, and one of them
workflows-none = No workflow matches.
workflows-bulk = Act on all of these
workflow-asked = { $act }: asked of the worker that runs it, which does it between two steps. Status now: { $status }.
workflow-acted = { $act }: done. Status now: { $status }.
workflow-acts = What can be done
workflow-resolve = Was this done on the platform?
workflow-resolve-hint = Look on the platform and answer; enlace goes on from the answer.
workflow-was-done = It was done
workflow-was-not-done = It was not done
workflow-edit = Retry with other data
workflow-input = What was asked for
workflow-by = asked by
workflow-dedup = the caller's own id
workflow-id = workflow
workflow-trace = trace
workflow-json = As JSON
workflow-original = What HubSoft asked for at first
workflow-near = Before and after, on the same port and service
workflow-near-hint = The ten nearest workflows on each side.
workflow-alone = No other workflow touched the same port or service.
workflow-this = this workflow
workflow-asked-at = asked for at
workflow-started-at = started at
workflow-ended-at = ended at
workflow-next-at = goes on at
workflow-guard = See what would vanish, on a map and as a list
workflow-progress = Progress
workflow-result = What came of it
workflow-states = Where it has been
workflow-path = Path
workflow-legend = Green: where it stands. Blue: where it has been. Dashed: its possible ends; a dashed arrow was a person's decision.
workflow-timeline = Timeline
workflow-timeline-about = Each attempt with its duration; the table below says the same
workflow-steps = Steps and calls
workflow-nothing-yet = Nothing was done yet.
workflow-left-out = { $count ->
    [one] { $shown } earlier attempt is not shown
   *[other] { $shown } earlier attempts are not shown
}
workflow-did = What people did
edit-title = Retry with other data
edit-hint = The workflow begins anew with these data; the old ones stay in the history. Both are shown side by side before anything is sent.
edit-compare = Compare
edit-same = Nothing was changed: change a value, or retry with the same data on the workflow's page.
edit-hidden = This is personal data that is hidden from you: type it whole, or ask an administrator.
edit-number = Type a number.
edit-json = Type it as JSON.
preview-title = What would change
preview-hint = When sent, the workflow begins anew with the data of after.
preview-changed = changed
preview-send = Retry like this

## The audit, and acts on many workflows
acts-title = What people did
acts-workflow = Workflow (id)
acts-integration = Integration (number)
acts-csv = Download as CSV
acts-none = Nobody did anything like this.
col-to = To what
act-on-many = On many: { $act }
act-workflow = workflow
act-bulk = part of an act on many
act-schedule = schedule { $id }
act-looked = Looked at personal data
act-integration-create = Created an integration
act-integration-edit = Edited an integration
act-integration-elements = Chose elements
act-integration-project = Chose a project
act-integration-activate = Activated an integration
act-integration-inactivate = Inactivated an integration
act-upstream-open = Opened a platform
act-upstream-close = Closed a platform
act-upstream-limit = Changed a platform's limits
act-schedule-edit = Changed a schedule
act-discrepancy-send = Discrepancy: send ours
act-discrepancy-take = Discrepancy: take theirs
act-discrepancy-ignore = Discrepancy: ignore
act-token-create = Made a token
act-token-revoke = Took a token back
act-sides = Before and after
act-progress = { $seen } of { $total }
act-done = done
act-skipped = left alone, since it made no sense any more
act-failed = could not be done
act-pace = a second, at most
act-each = What was done to each
act-nothing-yet = Nothing was done yet.
act-steered = { $act }: { $status }.
bulk-running = under way
bulk-paused = paused
bulk-done = done
bulk-cancelled = called off
acts-new-title = Act on many workflows
acts-which = Which
acts-which-none = Choose a filter on the list of workflows first.
acts-to-list = See the list
acts-action = What to do to each
acts-outcome = When saying whether it was done
was-done = it was done
was-not-done = it was not done
acts-pace = How many a second (1 to 1000)
acts-preview = See first what would happen
acts-preview-title = What would happen now
acts-preview-says = { $possible } of { $matching } workflows can take this act now; the others are left alone.
acts-by-status = By status
acts-matching = Match
acts-possible = Can take it
acts-sample = The first twenty
acts-will = What would happen
acts-left-alone = left alone
acts-start = Start
acts-start-hint = Nothing was done yet. Once started, each act goes into the audit with your name and the reason; it can be paused at any time.
acts-begun = { $count ->
    [one] Begun: { $shown } workflow.
   *[other] Begun: { $shown } workflows.
}

## Schedules
schedules-none = Nothing starts by the clock. An integration with a project gets its schedule when it is activated.
schedule-active = active
schedule-inactive = paused
schedule-pattern = When (cron pattern)
schedule-pattern-hint = Minute, hour, day of the month, month and weekday (1 is Monday). For instance, 0 4 * * * is every day at 4 h.
schedule-zone = Time zone
schedule-last = last
schedule-never = never
schedule-next = next
schedule-ticks = next three
schedule-run = Run now
schedule-note = Why pause it
schedule-say-why = diga por quê / say why
schedule-change = Change when
schedule-change-note = Note (optional)
schedule-try = See the next times
schedule-preview-title = The schedule as it would be
schedule-store = Store
schedule-goes-on = Stored. Next: { $at }.
schedule-paused = Paused. What it misses meanwhile is not made up.
schedule-started = Started; this page shows how it goes.

## Tokens
tokens-make = Make a token
tokens-name = For whom
tokens-role = Role
tokens-made = The token of { $name }. Copy it now: it is not shown again.
tokens-all = All tokens
tokens-made-at = Made
tokens-used-at = Last used
tokens-never = never
tokens-revoke = Take back
tokens-revoked = The token of { $name } opens nothing any more.
tokens-revoked-at = taken back at { $at }
role-may-enqueue = starts workflows and sees those that it started
role-may-viewer = sees everything, personal data masked
role-may-operator = sees everything and acts
role-may-admin = everything: integrations, tokens, personal data

## About
about-build = This build
about-version = version
about-migrations = migrations of the database
about-migrated = all applied
about-missing = { $count } are missing: run enlace migrate
about-not-applied = missing
about-database = Database
about-server = Postgres
about-up = up for
about-size = size (MB)
about-age = age in transactions
about-connections = connections
about-oldest = transaction open for longest
about-none = none
about-workers = Who runs workflows
about-worker = Worker
about-no-worker = no worker is up
about-start-one = Nothing moves until one starts: enlace serve
about-since = up since
about-lease = lease ends
about-holds = Holds
about-duties = Duties of one process
duty-acts = acts on many
duty-people = old personal data
duty-history = history
about-tables = Tables that are written most
about-tables-hint = Too many dead rows slow everything; a transaction that is open for long keeps them from being cleaned away.
about-table = Table
about-live = Rows
about-dead = Dead
about-vacuumed = Cleaned
