# The verbs are the steps of tests/run, which is what CI runs; `bash tests/run --list` says what each asserts.

# Every step.
all:
    bash tests/run

verbs:
    bash tests/run verbs

fmt:
    bash tests/run fmt

lint:
    bash tests/run lint

docs:
    bash tests/run docs

deny:
    bash tests/run deny

crates:
    bash tests/run crates

supply:
    bash tests/run supply

layers:
    bash tests/run layers

wasm:
    bash tests/run wasm

test:
    bash tests/run test

verifier:
    bash tests/run verifier

sdjwt:
    bash tests/run sdjwt

pages:
    bash tests/run pages

oidc:
    bash tests/run oidc

otlp:
    bash tests/run otlp

pkcs11:
    bash tests/run pkcs11

shuttle:
    bash tests/run shuttle

story:
    bash tests/run story

install:
    bash tests/run install

handbook:
    bash tests/run handbook

alerts:
    bash tests/run alerts

exchange:
    bash tests/run exchange

examples:
    bash tests/run examples

readme:
    bash tests/run readme

fuzz:
    bash tests/run fuzz

bench:
    bash tests/run bench

silence:
    bash tests/run silence
