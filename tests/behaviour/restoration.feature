Feature: A scope puts back what was there
  However a scope ends, its variables have the values again that they had when it began, and those that
  were not set are not set again.

  Background:
    Given an environment with
      | PGUSER     | nobody   |
      | PGPASSWORD | not set  |
      | PGHOST     | db.local |

  Scenario: The scope ends as planned
    When a scope is opened with
      | PGUSER     | postgres |
      | PGPASSWORD | hunter2  |
      | PGHOST     | not set  |
    Then the environment has
      | PGUSER     | postgres |
      | PGPASSWORD | hunter2  |
      | PGHOST     | not set  |
    When the scope is closed
    Then the environment is as it was

  Scenario: An error leaves the body of the scope
    When an error is raised in a scope with
      | PGUSER     | postgres |
      | PGPASSWORD | hunter2  |
      | PGHOST     | not set  |
    Then that error reaches the caller
    And the environment is as it was

  Scenario: The outer scope is closed before the inner one
    When a scope is opened with
      | PGUSER | outer |
      | PGHOST | outer |
    And a scope is opened with
      | PGUSER | inner |
    And the outer scope is closed
    Then the environment has
      | PGUSER | inner |
      | PGHOST | outer |
    When the inner scope is closed
    Then the environment is as it was

  Scenario: One of the values cannot be set
    When a scope is asked for with PGUSER "postgres" and a number as PGHOST
    Then a TypeError names PGHOST
    And the environment is as it was
