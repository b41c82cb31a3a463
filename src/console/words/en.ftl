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
overview-lag = Half of the last changes arrived within { $half }; 19 in 20 within { $most }
overview-calls = Last 6 hours: { $all } calls, { $failed } failed
