"""Settings that all tests share."""

from hypothesis import settings

# time never decides a test, and the gate gives the same verdict twice;
# pytest --hypothesis-profile=explore looks for new counterexamples
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("gate")
