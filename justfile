# List the recipes
[private]
default:
    @just --list

# Render the manifests into out/
[group('manifests')]
gen *flags:
    cargo gen write {{ flags }}

# Compare out/ with what would be rendered, and hold every law against it
[group('manifests')]
check:
    cargo gen check
    cargo gen lint out

# Deploy the lane v2 in the running lab, for who asks for it
[group('release')]
canary-v2:
    cargo lab canary start v2

# Draw a share of all users into a lane, in percent
[group('release')]
canary-weight percent *flags:
    cargo lab canary weight {{ percent }} {{ flags }}

# Raise the share step by step, as far as error rate and latency allow
[group('release')]
canary-auto *flags:
    cargo lab canary auto {{ flags }}

# Make a lane the baseline
[group('release')]
canary-promote *flags:
    cargo lab canary promote {{ flags }}

# Take a lane away, at once
[group('release')]
canary-abort *flags:
    cargo lab canary abort {{ flags }}

# Measure what a release costs its users: who is drawn, who sees mixed versions, what changes lose, how long an abort takes
[group('bench')]
bench-release:
    cargo bench --package lab --bench release

# Measure how the time of rendering and checking grows: 10, 100 and 1,000 services with 10 lanes
[group('bench')]
bench-gen:
    cargo bench --package gen --bench scale

# Measure httpserver against a raw hyper server with the same behaviour
[group('bench')]
bench-server *flags:
    cargo bench --package httpserver --bench comparison -- {{ flags }}
