Feature: The scopes of different threads take turns
  There is one environment for the whole process. So that no thread meets the variables of another one in its
  scope, a thread waits for its turn before it changes anything, and says so if it was not to wait for so long.

  Background:
    Given PGUSER is "nobody" in the environment
    And the first thread has opened a scope in which PGUSER is "alice"

  Scenario: The second thread gets its turn when the scope of the first one ends
    When the second thread asks for a scope in which PGUSER is "bob"
    Then the first thread still sees PGUSER as "alice"
    When the first thread closes its scope
    Then the second thread has its scope
    And the second thread sees PGUSER as "bob"
    When the second thread closes its scope
    Then PGUSER is "nobody" in the environment again

  Scenario: The second thread does not want to wait
    When the second thread asks for a scope in which PGUSER is "bob", at once or never
    Then the second thread is refused with a ScopedEnvTimeout that names the first thread
    And the first thread still sees PGUSER as "alice"
    When the first thread closes its scope
    Then PGUSER is "nobody" in the environment again

  Scenario: The second thread tries to close the scope of the first one
    When the second thread tries to close the scope of the first thread
    Then the second thread is refused with a ScopedEnvThreadError that names the first thread
    And the first thread still sees PGUSER as "alice"
    When the first thread closes its scope
    Then PGUSER is "nobody" in the environment again
